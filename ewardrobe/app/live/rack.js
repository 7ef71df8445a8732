// Keeps the keys for the page.  `data.stream` selects the frames of streams, `data.choice` what is chosen.
//
// Who has pressed Start is in the stream's frame, which would keep the keys: it passes them on to the page.
// A choice that was clicked would keep the arrow keys for itself, too; one that was reached by keyboard does keep them.
const pass = (event) => {
  if (event.target.closest?.('input, select, textarea, [role=listbox], [role=combobox]')) return
  const {key, code, ctrlKey, altKey, shiftKey, metaKey} = event
  document.body.dispatchEvent(
    new KeyboardEvent(event.type, {key, code, ctrlKey, altKey, shiftKey, metaKey, bubbles: true, cancelable: true}))
}
export default function ({ data }) {
  const letGo = (event) => {
    if (event.target.closest?.(`.st-key-panel ${data.choice}`)) setTimeout(() => document.activeElement?.blur(), 100)
  }
  const enter = () => setTimeout(() => {
    const frame = document.activeElement
    if (!frame?.matches(data.stream)) return
    for (const kind of ['keydown', 'keyup']) frame.contentWindow.addEventListener(kind, pass)
  })
  document.addEventListener('pointerup', letGo)
  window.addEventListener('blur', enter)
  return () => {
    document.removeEventListener('pointerup', letGo)
    window.removeEventListener('blur', enter)
  }
}
