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

// One box that ticks all boxes of its table, and how many are ticked.
const boxesOf = (name) => [...document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]`)];
const countTicked = () => {
  for (const count of document.querySelectorAll("[data-counts]")) {
    const boxes = boxesOf(count.dataset.counts);
    const ticked = boxes.filter((box) => box.checked).length;
    const found = count.closest("form").querySelector("input[data-all-found]:checked");
    count.textContent = found ? `all ${found.dataset.allFound} selected` : `${ticked} selected`;
    count.hidden = false;
    const all = document.querySelector(`input[data-all="${CSS.escape(count.dataset.counts)}"]`);
    if (all) {
      all.checked = ticked > 0 && ticked === boxes.length;
      all.indeterminate = ticked > 0 && ticked < boxes.length;
    }
  }
};
document.addEventListener("change", (event) => {
  const all = event.target.closest?.("input[data-all]");
  if (all) {
    for (const box of boxesOf(all.dataset.all)) {
      box.checked = all.checked;
    }
  }

  countTicked();
});
document.addEventListener("htmx:afterSettle", countTicked);
// A browser that goes back ticks the boxes again as they were.
addEventListener("pageshow", countTicked);

// What is cut off says so, as long as there is more to either side.
const markCut = (part) => {
  const [isStart, isEnd] = [part.scrollLeft > 1, part.scrollLeft + part.clientWidth < part.scrollWidth - 1];
  part.classList.toggle("cut-start", isStart);
  part.classList.toggle("cut-end", isEnd);
  const note = part.previousElementSibling?.classList.contains("cut-note") ? part.previousElementSibling : null;
  if (part.scrollWidth <= part.clientWidth + 1) {
    note?.remove();
  } else if (!note) {
    part.before(Object.assign(document.createElement("span"), { className: "cut-note", textContent: "There is more to the side: scroll →" }));
  }
};
const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => markCut(target.closest(".scroll") ?? target)));
const watchParts = () => {
  for (const part of document.querySelectorAll(".scroll:not([data-watched])")) {
    part.dataset.watched = "";
    part.addEventListener("scroll", () => markCut(part), { passive: true });
    sizes.observe(part);
  }
};
watchParts();
document.addEventListener("htmx:afterSettle", watchParts);

// On a phone, filters are one line that says what they hold.
const narrow = matchMedia("(max-width: 40rem)");
const sayFilters = () => {
  for (const fold of document.querySelectorAll(".fold")) {
    const held = [...fold.querySelectorAll("input, select")].filter((field) => (field.type === "checkbox" ? field.checked : field.value));
    fold.querySelector("[data-filters]").replaceChildren(...held.map((field) => {
      const label = [...field.labels[0].childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data.trim()).join(" ").trim();
      const value = field.type === "checkbox" ? "" : field.selectedOptions ? field.selectedOptions[0].text : field.value;
      return Object.assign(document.createElement("span"), { className: "badge", textContent: [label, value].filter(Boolean).join(": ") });
    }));
  }
};
const foldFilters = () => {
  for (const fold of document.querySelectorAll(".fold")) {
    fold.open = !narrow.matches;
  }
};
foldFilters();
sayFilters();
narrow.addEventListener("change", foldFilters);
document.addEventListener("change", sayFilters);

// A form that is on its way is not sent a second time, and its buttons say so. That it is done once is the service's business.
const busyForms = new Map();
const setBusy = (form) => {
  const buttons = [...form.querySelectorAll("button:not([type=button], :disabled)")];
  busyForms.set(form, buttons);
  // After what the form sends has been gathered: a button that is disabled would not be a part of it.
  setTimeout(() => {
    if (busyForms.get(form) === buttons) {
      for (const button of buttons) {
        button.disabled = true;
        button.setAttribute("aria-busy", "true");
      }
    }
  });
  // Whoever stops the loading of a page tells no script.
  setTimeout(() => busyForms.get(form) === buttons && setIdle(form), 30000);
};
const setIdle = (form) => {
  for (const button of busyForms.get(form) ?? []) {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
  busyForms.delete(form);
};
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) {
    return;
  }

  if (busyForms.has(form)) {
    event.preventDefault();
  } else {
    setBusy(form);
  }
});
const isSentByScript = ({ detail: { elt, requestConfig } }) => elt instanceof HTMLFormElement && requestConfig?.verb === "post";
document.addEventListener("htmx:beforeRequest", (event) => isSentByScript(event) && setBusy(event.detail.elt));
document.addEventListener("htmx:afterRequest", (event) => isSentByScript(event) && setIdle(event.detail.elt));
// A page that comes back from the browser's memory is as it was left.
addEventListener("pageshow", () => {
  for (const form of [...busyForms.keys()]) {
    setIdle(form);
  }
});

// What a part of the page asked for and did not get is said at its top; htmx by itself would say nothing. Nothing is loaded
// anew: what somebody is typing stays.
const notice = document.getElementById("notice");
const say = (text, ...more) => {
  notice?.replaceChildren(text, ...more);
  notice?.toggleAttribute("hidden", !text);
};

// The session ends when nobody uses it, in whichever window, and after a time whatever is done. Before that it is said, with what
// to do; asking how long it lasts is no use of it.
const warn = Math.min(120, Number(notice?.dataset.endsIn) / 3);
const inAnotherWindow = (text) => {
  const link = document.createElement("a");
  Object.assign(link, { href: document.querySelector(".who a").href, target: "_blank", rel: "noopener", textContent: text });
  return link;
};
const sayEnded = () => say("Your session has ended. What you have typed is still here. ", inAnotherWindow("Sign in again in another window"), ", then go on.");
let isWarning = false;
let checking;
const checkIn = (seconds) => {
  clearTimeout(checking);
  // A timer is late in a window that nobody looks at, and no timer is longer than 24 days.
  checking = setTimeout(checkSession, Math.min(Math.max(seconds, 1), 86400) * 1000);
};
const takeLife = ({ endsIn, canExtend }) => {
  if (endsIn > warn) {
    if (isWarning) {
      say("");
      isWarning = false;
    }
    checkIn(endsIn - warn);
    return;
  }

  isWarning = true;
  const minutes = Math.ceil(endsIn / 60);
  const ends = `Your session ends in ${minutes > 1 ? `${minutes} minutes` : "a minute"}. `;
  if (canExtend) {
    const stay = document.createElement("button");
    Object.assign(stay, { type: "button", textContent: "Stay signed in" });
    stay.addEventListener("click", () => askSession({ method: "POST", body: new URLSearchParams({ __RequestVerificationToken: document.querySelector("[name=__RequestVerificationToken]").value }) }));
    say(ends, stay);
  } else {
    say(ends, "What you have typed stays here. ", inAnotherWindow("Sign in again in another window"), ", then go on.");
  }
  checkIn(endsIn + 1);
};
const askSession = async (how) => {
  try {
    // Below the page of one's own account, which is under the prefix of the service.
    const answer = await fetch(`${document.querySelector(".who a").href}/session`, { ...how, headers: { Accept: "application/json" } });
    if (answer.ok) {
      takeLife(await answer.json());
    } else if (answer.status === 401) {
      // Until somebody has signed in again in another window.
      isWarning = true;
      sayEnded();
    } else {
      checkIn(30);
    }
  } catch {
    checkIn(30);
  }
};
const checkSession = () => askSession({});
if (notice?.dataset.endsIn) {
  takeLife({ endsIn: Number(notice.dataset.endsIn), canExtend: true });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && checkSession());
}

document.addEventListener("htmx:responseError", ({ detail: { xhr, elt, requestConfig } }) => {
  if (xhr.status === 401 && elt instanceof HTMLFormElement && requestConfig.verb === "post") {
    // Sent as forms are without script: the answer keeps it and asks to sign in again.
    elt.submit();
  } else if (xhr.status === 401) {
    sayEnded();
  } else {
    say(xhr.status === 404 ? "It is not there any more: somebody deleted it. What you have typed is still here." : xhr.status === 403 ? "You may not do this any more. Load the page again to see what you may." : `The service answered ${xhr.status}. Nothing is lost: try again in a while.`);
  }
});
document.addEventListener("htmx:sendError", () => say("The service cannot be reached. Nothing is lost: try again in a while."));
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  // An answer without the part that is to be changed is about something else: the part stays, and the status is said.
  if (detail.shouldSwap && detail.xhr.status >= 400 && !detail.serverResponse.includes(`id="${detail.target.id}"`)) {
    detail.shouldSwap = false;
    say(`The service answered ${detail.xhr.status}. Load the page again to see what has changed.`);
  } else if (detail.shouldSwap) {
    say("");
  }
});

// An export says how far it is while it is being read. Without script the browser saves the file by itself, and says how
// large it is so far.
document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-export]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) {
    return;
  }

  event.preventDefault();
  const progress = document.createElement("span");
  progress.setAttribute("role", "status");
  link.after(progress);
  link.hidden = true;
  let rows = 0;
  try {
    const answer = await fetch(link.href);
    if (!answer.ok) {
      throw new Error(`The service answered ${answer.status}.`);
    }

    const counted = answer.body.pipeThrough(new TransformStream({
      transform(chunk, controller) {
        rows += chunk.reduce((lines, byte) => lines + (byte === 10 ? 1 : 0), 0);
        progress.textContent = `${rows.toLocaleString("en")} lines so far …`;
        controller.enqueue(chunk);
      },
    }));
    const file = document.createElement("a");
    file.href = URL.createObjectURL(await new Response(counted).blob());
    file.download = link.dataset.export;
    file.click();
    URL.revokeObjectURL(file.href);
    progress.textContent = `${rows.toLocaleString("en")} lines saved as ${link.dataset.export}.`;
  } catch (error) {
    progress.textContent = `The export did not come to its end. ${error.message}`;
  }

  link.hidden = false;
});
