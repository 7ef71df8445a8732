// The board of an outfit: pieces are moved by pointer or arrow keys, sized by wheel or + and −.

const clamp = (value, low, high) => Math.min(high, Math.max(low, value))
const round = (value) => Math.round(value * 10000) / 10000

export default function ({ data, parentElement, setStateValue }) {
  let board = parentElement.querySelector('.board')
  if (!board) {
    board = document.createElement('div')
    board.className = 'board'
    board.places = {}
    parentElement.appendChild(board)
  }
  board.style.aspectRatio = `1 / ${data.ratio}`
  const tell = () => setStateValue('layout', { ...board.places })
  const show = (node, place) => {
    node.style.left = `${place[0] * 100}%`
    node.style.top = `${place[1] * 100}%`
    node.style.width = `${place[2] * 100}%`
    node.style.zIndex = Math.round(place[3])
  }
  const move = (node, place) => {
    const kept = [clamp(place[0], -0.2, 0.95), clamp(place[1], -0.2, 0.95), clamp(place[2], 0.08, 1), place[3]]
    board.places[node.dataset.id] = kept.map(round)
    show(node, kept)
  }
  const front = () => Math.max(0, ...Object.values(board.places).map((place) => place[3])) + 1
  const wanted = new Set(data.pieces.map((piece) => piece.id))
  for (const node of [...board.children]) {
    if (!wanted.has(node.dataset.id)) {
      delete board.places[node.dataset.id]
      node.remove()
    }
  }
  for (const piece of data.pieces) {
    if ([...board.children].some((node) => node.dataset.id === piece.id)) continue
    const node = document.createElement('div')
    node.className = 'piece'
    node.dataset.id = piece.id
    node.tabIndex = 0
    node.setAttribute('role', 'img')
    node.setAttribute('aria-label', `${piece.name}; arrow keys move it, plus and minus size it`)
    node.style.aspectRatio = `1 / ${piece.ratio}`
    const face = document.createElement(piece.url ? 'img' : 'b')
    if (piece.url) {
      face.src = piece.url
      face.alt = ''
    } else {
      face.style.background = piece.colour
      face.appendChild(document.createElement('em')).textContent = piece.name
    }
    node.appendChild(face)
    board.appendChild(node)
    move(node, piece.place)
    const at = () => board.places[piece.id]
    node.onpointerdown = (event) => {
      node.setPointerCapture(event.pointerId)
      node.classList.add('held')
      const from = [event.clientX, event.clientY], start = [...at()]
      node.onpointermove = (now) => {
        const box = board.getBoundingClientRect()
        const by = [(now.clientX - from[0]) / box.width, (now.clientY - from[1]) / box.height]
        move(node, [start[0] + by[0], start[1] + by[1], start[2], start[3]])
      }
    }
    node.onpointerup = node.onpointercancel = () => {
      if (!node.classList.contains('held')) return
      node.classList.remove('held')
      node.onpointermove = null
      tell()
    }
    node.ondblclick = () => { move(node, [...at().slice(0, 3), front()]); tell() }
    const size = (factor) => {
      const [left, top, width, depth] = at(), next = clamp(width * factor, 0.08, 1)
      move(node, [left + (width - next) / 2, top, next, depth])
      clearTimeout(board.waiting)
      board.waiting = setTimeout(tell, 300)
    }
    node.onwheel = (event) => { event.preventDefault(); size(event.deltaY < 0 ? 1.06 : 0.94) }
    node.onkeydown = (event) => {
      const steps = { ArrowLeft: [-0.01, 0], ArrowRight: [0.01, 0], ArrowUp: [0, -0.01], ArrowDown: [0, 0.01] }
      const step = steps[event.key]
      if (step) move(node, [at()[0] + step[0], at()[1] + step[1], at()[2], at()[3]])
      else if (event.key === '+') size(1.06)
      else if (event.key === '-') size(0.94)
      else return
      event.preventDefault()
      clearTimeout(board.waiting)
      board.waiting = setTimeout(tell, 300)
    }
  }
}
