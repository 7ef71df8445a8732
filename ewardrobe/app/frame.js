// The sidebar's entry of the open page leads to the page's start: Streamlit would keep what the address names,
// such as the item that is open.
function toStart(event) {
  const link = event.target.closest('[data-testid=stSidebarNav] a')
  if (!link || link.pathname !== location.pathname || !location.search) return
  event.preventDefault()
  event.stopPropagation()
  history.pushState(null, '', link.pathname)
  dispatchEvent(new PopStateEvent('popstate')) // as the browser's back button: Streamlit reads the address anew
}

export default function () {
  if (document.documentElement.dataset.ewNavigation) return // once for each tab
  document.documentElement.dataset.ewNavigation = '1'
  document.addEventListener('click', toStart, true) // before Streamlit does
}
