// A photo to paint on: the veil over it leaves the garment clear; each stroke is sent once, when the pointer is lifted.
// data: {photo, veil: data URLs; size: [width, height]; width: of the brush, in pixels of the photo shown; back, lasso}

const BACK = "rgba(15, 118, 110, 0.55)";
const AWAY = "rgba(200, 52, 47, 0.55)";

function load(url) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = reject;
    image.src = url;
  });
}

function drawStroke(context, data, points) {
  context.strokeStyle = context.fillStyle = data.back ? BACK : AWAY;
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = data.lasso ? 3 : data.width;
  context.beginPath();
  points.forEach(([x, y], place) => (place ? context.lineTo(x, y) : context.moveTo(x, y)));
  if (points.length === 1) context.lineTo(points[0][0] + 0.01, points[0][1]);
  if (data.lasso) context.fill();
  context.stroke();
}

function drawBrush(context, data, at) {
  if (!at || data.lasso) return;
  context.strokeStyle = data.back ? "rgb(15, 118, 110)" : "rgb(200, 52, 47)";
  context.lineWidth = 2;
  context.beginPath();
  context.arc(at[0], at[1], data.width / 2, 0, 2 * Math.PI);
  context.stroke();
}

function draw(self) {
  const { canvas, data } = self;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (self.photo) context.drawImage(self.photo, 0, 0, canvas.width, canvas.height);
  if (self.veil) context.drawImage(self.veil, 0, 0, canvas.width, canvas.height);
  if (self.points.length) drawStroke(context, data, self.points);
  drawBrush(context, data, self.at);
}

function place(self, event) {
  const box = self.canvas.getBoundingClientRect();
  const { width, height } = self.canvas;
  return [((event.clientX - box.left) * width) / box.width, ((event.clientY - box.top) * height) / box.height];
}

function wire(self) {
  const { canvas } = self;
  canvas.onpointerdown = (event) => {
    if (event.button || self.waiting) return;
    canvas.setPointerCapture(event.pointerId);
    self.painting = true;
    self.points = [place(self, event)];
    draw(self);
  };
  canvas.onpointermove = (event) => {
    self.at = place(self, event);
    if (self.painting) self.points.push(self.at);
    draw(self);
  };
  canvas.onpointerup = () => {
    if (!self.painting) return;
    self.painting = false;
    self.waiting = true; // the stroke stays on the picture until the new outline comes
    const { back, lasso, width } = self.data;
    self.send("stroke", { points: self.points.map((p) => p.map(Math.round)), back, lasso, width });
  };
  canvas.onpointercancel = () => {
    self.painting = false;
    self.points = [];
    draw(self);
  };
  canvas.onpointerleave = () => {
    self.at = null;
    draw(self);
  };
}

export default function ({ parentElement, data, setTriggerValue }) {
  const canvas = parentElement.querySelector("canvas");
  if (!canvas.brush) {
    canvas.brush = { canvas, points: [], urls: {} };
    wire(canvas.brush);
  }
  const self = canvas.brush;
  self.data = data;
  self.send = setTriggerValue;
  [canvas.width, canvas.height] = data.size;
  const wanted = ["photo", "veil"].filter((name) => self.urls[name] !== data[name]);
  Promise.all(wanted.map((name) => load(data[name]))).then((images) => {
    wanted.forEach((name, number) => {
      self[name] = images[number];
      self.urls[name] = data[name];
    });
    if (self.step !== data.step) {
      self.step = data.step;
      self.points = [];
      self.waiting = false;
    }
    canvas.dataset.step = data.step;
    draw(self);
  });
  draw(self);
}
