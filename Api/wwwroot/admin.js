// What the pages cannot do without script, and nothing that they cannot do without: they work when this does not load.

// The reader's time zone, which a browser tells nobody by itself. Pages are drawn in it from the next one on; this one's
// times are put right here.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const known = document.cookie.split("; ").find((cookie) => cookie.startsWith("zone="))?.slice("zone=".length);
if (zone && known !== encodeURIComponent(zone)) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax${secure}`;
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const two = (number) => String(number).padStart(2, "0");
    time.textContent = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
  }
}

// One box that ticks all boxes of its table.
document.addEventListener("change", (event) => {
  const all = event.target.closest?.("input[data-all]");
  if (all) {
    for (const box of document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(all.dataset.all)}"]`)) {
      box.checked = all.checked;
    }
  }
});

// The answer to a form with mistakes is shown like any other; without this htmx would drop it.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422 || event.detail.xhr.status === 409) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
