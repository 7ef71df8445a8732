// Lets the cards be opened and chosen.  `data.html`: the cards; `data.chosen`: ids; `data.choosing`: a click chooses.
//
// A choice is sent as the whole set of the cards shown: of quick clicks Streamlit passes on the last one only.
export default function ({parentElement, data, setTriggerValue}) {
  const root = parentElement.querySelector('.ew-gallery')
  if (root.shown !== data.html) { root.innerHTML = data.html; root.shown = data.html; root.last = null }
  const cards = [...root.querySelectorAll('figure')]
  const show = () => {
    for (const card of cards) {
      const on = root.chosen.has(card.dataset.id)
      card.classList.toggle('chosen', on)
      card.querySelector('.pick').setAttribute('aria-checked', on)
    }
    root.classList.toggle('choosing', root.choosing || root.chosen.size > 0)
  }
  root.chosen = new Set(data.chosen)
  root.choosing = data.choosing
  show()
  const choose = (card, range) => {
    const on = !root.chosen.has(card.dataset.id)
    const from = range && root.last ? cards.indexOf(root.last) : cards.indexOf(card)
    const to = cards.indexOf(card)
    for (const one of cards.slice(Math.min(from, to), Math.max(from, to) + 1))
      on ? root.chosen.add(one.dataset.id) : root.chosen.delete(one.dataset.id)
    root.last = card
    show()
    setTriggerValue('choose', [...root.chosen])
  }
  root.onclick = (event) => {
    const card = event.target.closest('figure')
    if (!card) return
    const pick = event.target.closest('.pick')
    const range = event.shiftKey
    if (pick || range || event.ctrlKey || event.metaKey || root.choosing || root.chosen.size) choose(card, range)
    else setTriggerValue('open', card.dataset.id)
  }
}
