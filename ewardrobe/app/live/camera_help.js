// Tells what keeps the stream from the camera.  `data.stream` selects the frames of streams.
//
// The stream's component keeps its errors to itself: they are read where it shows them.  Its frame is of the same origin.
// Of a camera that is unplugged it takes no notice: its track ends, which a Stop does not tell, and Stop is pressed.
export default function ({ data, setStateValue }) {
  let said = null
  const framesOf = () => [...document.querySelectorAll(data.stream)]
  const stop = () => {
    const buttons = framesOf().flatMap((f) => [...(f.contentDocument?.querySelectorAll('button') ?? [])])
    buttons.find((button) => button.textContent.trim() === 'Stop')?.click()
  }
  const watchCamera = (devices) => {
    if (!devices || devices.isWatched) return
    const ask = devices.getUserMedia.bind(devices)
    devices.isWatched = true
    devices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted)
      devices.isUnplugged = false
      for (const track of stream.getVideoTracks())
        track.addEventListener('ended', () => {
          devices.isUnplugged = true
          stop()
        })
      return stream
    }
  }
  const read = async () => {
    const frames = framesOf()
    const cameras = frames.map((f) => f.contentWindow?.navigator.mediaDevices)
    cameras.forEach(watchCamera)  // it goes on when the stream plays, and this component is gone
    const alerts = frames.flatMap((f) => [...(f.contentDocument?.querySelectorAll('[role=alert]') ?? [])])
    const isUnplugged = cameras.some((devices) => devices?.isUnplugged)
    let report = isUnplugged ? 'Unplugged' : alerts.map((alert) => alert.textContent).join(' ').slice(0, 300)
    if (!report && navigator.mediaDevices) {
      const devices = await navigator.mediaDevices.enumerateDevices().catch(() => null)
      const allowed = await navigator.permissions?.query({ name: 'camera' }).catch(() => null)
      if (allowed?.state === 'denied') report = 'NotAllowedError'
      else if (devices && !devices.some((device) => device.kind === 'videoinput')) report = 'NotFoundError'
    }
    if (report !== said) setStateValue('report', (said = report))
  }
  const timer = setInterval(read, 500)
  read()
  return () => clearInterval(timer)
}
