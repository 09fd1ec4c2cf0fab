// Keeps the page true without reloading it. Everything here is a comfort: the same forms work without it.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const scroll = $("#scroll");
  const composer = $("#composer");
  const box = $("#line");
  const pendingList = $("#pending");

  // --- times in the reader's own zone ---
  const today = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
  const other = new Intl.DateTimeFormat(undefined, {
    weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
  });
  const localise = (root) => $$("time[datetime]", root).forEach((element) => {
    const at = new Date(element.dateTime);
    element.title = element.textContent;
    element.textContent = (at.toDateString() === new Date().toDateString() ? today : other).format(at);
  });

  // --- how long a draft has been in the making: counted on from what the server last said ---
  const counts = new WeakMap();
  const count = () => $$("[data-elapsed]").forEach((element) => {
    const said = Number(element.dataset.elapsed);
    let since = counts.get(element);
    if (since?.said !== said) counts.set(element, since = { said, at: performance.now() - said * 1000 });
    const seconds = Math.floor((performance.now() - since.at) / 1000);
    element.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  });
  setInterval(count, 1000);

  // --- bringing one tree of elements to what another one says, touching only what differs ---
  // What the reader did (open parts, typed text, ticks, focus) lives in the elements and survives.
  const kept = new Set(["open", "tabindex", "aria-busy"]);
  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id || "") === (b.id || "");
  const morph = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !kept.has(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value && !kept.has(name)) old.setAttribute(name, value);
    }
    // A task that had nothing under it was not closed by anybody: it opens when it gets its first.
    if (old.nodeName === "DETAILS" && fresh.open && !$(":scope > .tasks", old)) old.open = true;
    const wanted = new Set([...fresh.children].map((child) => child.id).filter(Boolean));
    let place = old.firstChild;
    const drop = () => {
      const next = place.nextSibling;
      place.remove();
      place = next;
    };
    for (const child of [...fresh.childNodes]) {
      while (place && place.id && !wanted.has(place.id)) drop();
      let match = place;
      if (child.id) {
        for (match = old.firstChild; match && match.id !== child.id; match = match.nextSibling);
      }
      if (!match || !alike(match, child)) {
        old.insertBefore(child, place);
        continue;
      }
      if (match === place) place = place.nextSibling;
      else if (old.moveBefore) old.moveBefore(match, place); // keeps the focus
      else old.insertBefore(match, place);
      morph(match, child);
    }
    while (place) drop();
  };

  // --- reading the page again ---
  let running = false;
  let wanted = false;
  const refresh = async () => {
    wanted = true;
    if (running) return;
    running = true;
    while (wanted) {
      wanted = false;
      try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" } });
        if (answer.ok) show(await answer.text());
      } catch { /* the stream tells when Docket is back, and then this runs again */ }
    }
    running = false;
  };
  const show = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    localise(fresh);
    const atEnd = scroll && scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
    const focused = document.activeElement;
    const card = focused && focused.closest(".entry, .decide");
    for (const region of $$("[data-live]")) {
      const now = fresh.getElementById(region.id);
      if (now) morph(region, document.importNode(now, true));
    }
    const offer = fresh.getElementById("line");
    if (box && offer) box.placeholder = offer.placeholder;
    prepare();
    count();
    dropArrived();
    if (atEnd) scroll.scrollTop = scroll.scrollHeight;
    // A pressed button may be gone; the card that had it keeps the place of whoever uses the keyboard, and where that
    // is gone as well, the conversation does.
    const place = card && (card.isConnected ? card : scroll);
    if (place && document.activeElement === document.body) place.focus({ preventScroll: true });
  };

  // Whoever reads the end stays there when the window changes, as it does when a phone shows its keyboard.
  if (scroll) {
    let atEnd = true;
    scroll.addEventListener("scroll", () => {
      atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
    }, { passive: true });
    new ResizeObserver(() => { if (atEnd) scroll.scrollTop = scroll.scrollHeight; }).observe(scroll);
  }

  // --- live ---
  // A page that nobody looks at does not listen: browsers allow few connections to one host.
  const state = $("#live");
  let stream = null;
  let trying;
  const listen = () => {
    stream?.close();
    // Where nothing changes by itself there is nothing to hear, and nobody may be signed in.
    stream = document.hidden || !$("[data-live]") ? null : new EventSource("/live");
    if (!stream) return;
    stream.addEventListener("open", () => {
      state.hidden = true;
      refresh();
      flush();
    });
    stream.addEventListener("changed", () => {
      refresh();
      findAnswer();
    });
    // The browser would try again by itself, but only after some seconds, and not after every error.
    stream.addEventListener("error", () => {
      stream?.close();
      state.textContent = "Not connected. Trying again.";
      state.hidden = false;
      clearTimeout(trying);
      trying = setTimeout(listen, 1000);
    });
  };
  document.addEventListener("visibilitychange", listen);
  addEventListener("pagehide", () => stream?.close());

  // --- sending ---
  // An error says whether Docket was away, in which case the same may be sent again.
  const send = async (path, body) => {
    const problem = (words, away) => Object.assign(new Error(words), { away });
    let answer;
    try {
      answer = await fetch(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    } catch {
      throw problem("Docket can't be reached. Is it still running?", true);
    }
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return said;
    throw problem(said.error || `Docket answered ${answer.status}.`, answer.status >= 500);
  };
  const notice = $("#notice");
  let fading;
  const tell = (words, bad = false) => {
    notice.textContent = words;
    notice.classList.toggle("bad", bad);
    notice.hidden = false;
    clearTimeout(fading);
    fading = setTimeout(() => { notice.hidden = true; }, bad ? 12000 : 8000);
  };

  // Lines on their way. They outlive the page in this tab, so that what was typed while Docket was away is
  // not lost; a line that is sent twice has the same id and counts once.
  const OUTBOX = "docket.outbox";
  const outbox = () => {
    try { return JSON.parse(sessionStorage.getItem(OUTBOX)) || []; } catch { return []; }
  };
  const keep = (lines) => {
    try { sessionStorage.setItem(OUTBOX, JSON.stringify(lines)); } catch { /* then the page alone has them */ }
  };
  const forget = (id) => keep(outbox().filter((line) => line.id !== id));

  const put = (text, id) => {
    const line = document.createElement("li");
    line.className = "entry said waiting";
    line.dataset.id = id;
    line.dataset.after = Math.max(0, ...$$("#entries .said").map((entry) => Number(entry.dataset.seq)));
    const who = document.createElement("p");
    who.className = "who";
    who.textContent = "sending…";
    const words = document.createElement("p");
    words.className = "words";
    words.dir = "auto";
    words.textContent = text;
    line.append(who, words);
    pendingList.append(line);
    scroll.scrollTop = scroll.scrollHeight;
  };
  const say = (text) => {
    const id = crypto.randomUUID();
    keep([...outbox(), { id, text }]);
    put(text, id);
    flush();
  };
  const mark = (line, why) => {
    $(".who", line).textContent = why;
    line.classList.add("failed");
    if ($(".link", line)) return;
    const edit = document.createElement("button");
    edit.className = "link";
    edit.textContent = "Take it back";
    edit.addEventListener("click", () => {
      box.value = $(".words", line).textContent;
      forget(line.dataset.id);
      line.remove();
      grow();
      box.focus();
    });
    line.append(edit);
    scroll.scrollTop = scroll.scrollHeight;
  };
  // Says whether the next line may go.
  const deliver = async (line) => {
    const { id } = line.dataset;
    try {
      const { new: isNew } = await send("/console/say", { id, text: $(".words", line).textContent });
      line.classList.remove("waiting", "failed");
      $(".who", line).textContent = $(".working") ? "sent, waits for the draft" : "sending…";
      $(".link", line)?.remove();
      forget(id);
      if (!isNew) {
        line.remove();
        refresh();
      }
      return true;
    } catch (error) {
      if (error.away) {
        mark(line, `Not sent yet. ${error.message} The line is kept, and sent when Docket is back.`);
        return false;
      }
      line.classList.remove("waiting");
      mark(line, `Not sent. ${error.message}`);
      forget(id);
      return true;
    }
  };
  // Sends what waits, in its order; tries again as long as Docket is away.
  let flushing = false;
  let again;
  const flush = async () => {
    if (flushing || !pendingList) return;
    flushing = true;
    clearTimeout(again);
    for (let line = $(".waiting", pendingList); line; line = $(".waiting", pendingList)) {
      if (await deliver(line)) continue;
      $$(".waiting", pendingList).forEach((other) => {
        if (other !== line) mark(other, "Not sent yet. It is kept, and sent after the line above.");
      });
      again = setTimeout(flush, 3000);
      break;
    }
    flushing = false;
  };
  const dropArrived = () => {
    const used = new Set();
    for (const line of pendingList ? [...pendingList.children] : []) {
      const text = $(".words", line).textContent.trim();
      const arrived = $$("#entries .said").find((entry) => Number(entry.dataset.seq) > Number(line.dataset.after)
        && !used.has(entry) && $(".words", entry).textContent.trim() === text);
      if (arrived) {
        used.add(arrived);
        line.remove();
      }
    }
  };

  // On pages other than the console the answer to a click or a line is looked up and shown as a notice.
  let awaited = null;
  const waitForAnswer = (at, button) => {
    awaited?.button?.removeAttribute("aria-busy");
    awaited = composer ? null : { at, button };
    findAnswer();
  };
  const findAnswer = async () => {
    const mine = awaited;
    if (!mine) return;
    const page = await fetch("/console").then((answer) => answer.text()).catch(() => "");
    const fresh = new DOMParser().parseFromString(page, "text/html");
    const answer = $$(".answered", fresh).find((entry) => Number(entry.dataset.at) >= mine.at);
    if (!answer || awaited !== mine) return;
    awaited = null;
    mine.button?.removeAttribute("aria-busy");
    tell($(".message", answer).textContent.trim());
  };

  // --- buttons and forms ---
  // What each of them says, by the button's name; everything else is a line made of the form's `text` fields.
  const meanings = {
    press: (form, button) => {
      const [action, patch, revision] = button.value.split(" ");
      const fields = new FormData(form);
      const click = { patch, revision: Number(revision), action };
      if (fields.getAll("choices").includes(patch)) click.steps = fields.getAll("steps").map(Number);
      const words = (fields.get("words") || "").trim();
      if (words) click.words = words;
      return ["/console/click", click];
    },
    choose: (form, button) => ["/console/choose", JSON.parse(button.value)],
    stop: (form, button) => ["/console/stop", { delivery: button.value }],
    account: (form) => ["/models/accounts", Object.fromEntries(new FormData(form))],
  };
  const lineOf = (form, button) => new FormData(form, button).getAll("text").join(" ").trim();
  const press = async (form, button) => {
    const meaning = meanings[button.name];
    if (!meaning && pendingList) {
      say(lineOf(form, button));
      return;
    }
    const [path, body] = meaning ? meaning(form, button) : ["/console/say", { text: lineOf(form, button) }];
    const trouble = $(".refusal", form);
    if (trouble) trouble.hidden = true;
    button.setAttribute("aria-busy", "true");
    try {
      const { at } = await send(path, { ...body, id: crypto.randomUUID() });
      form.closest("dialog")?.close();
      if (form.hasAttribute("data-account")) {
        // Only the first account is the default unless somebody says so.
        form.elements.default.defaultChecked = false;
        form.reset();
      }
      // A decision shows on its card and may have no other answer.
      waitForAnswer(at, button.name === "press" ? null : button);
    } catch (error) {
      if (trouble) {
        trouble.textContent = error.message;
        trouble.hidden = false;
      } else tell(error.message, true);
    }
    // A key is typed for one attempt.
    $$("[type=password]", form).forEach((field) => { field.value = ""; });
    if (button !== awaited?.button) button.removeAttribute("aria-busy");
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    if (form === composer) {
      event.preventDefault();
      const text = box.value.trim();
      if (!text) return;
      box.value = "";
      grow();
      recalled = -1;
      say(text);
    } else if (form.hasAttribute("data-console") && button) {
      event.preventDefault();
      if (button.getAttribute("aria-busy") !== "true") press(form, button);
    }
  });
  // A provider's button fills in its address.
  document.addEventListener("click", (event) => {
    const provider = event.target.closest("[data-address]");
    if (!provider) return;
    const { elements } = provider.closest("form");
    elements.base_url.value = provider.dataset.address;
    if (!elements.name.value || elements.name.value === elements.name.dataset.filled) {
      elements.name.value = elements.name.dataset.filled = provider.dataset.name;
    }
    elements[provider.hasAttribute("data-keyless") ? "models" : "key"].focus();
  });

  // Browsers without `commandfor` get their dialogs opened here.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[commandfor]");
    if (opener && !("commandForElement" in opener)) {
      const dialog = document.getElementById(opener.getAttribute("commandfor"));
      if (opener.getAttribute("command") === "close") dialog.close();
      else dialog.showModal();
    }
    const tree = event.target.closest("[data-tree]");
    if (tree) {
      $$("details", tree.closest(".tree")).forEach((part) => { part.open = tree.dataset.tree === "open"; });
    }
    const picker = $("#picker[open]");
    if (picker && !picker.contains(event.target)) picker.open = false;
  });

  // --- the box: Enter sends, the arrows recall earlier lines ---
  let recalled = -1;
  let draft = "";
  const grow = () => {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight + 2, 200)}px`;
  };
  const recall = (step) => {
    const said = $$("#entries .words, #pending .words").map((words) => words.textContent).reverse();
    if (recalled < 0) draft = box.value;
    recalled = Math.min(Math.max(recalled + step, -1), said.length - 1);
    box.value = recalled < 0 ? draft : said[recalled];
    grow();
  };
  if (box) {
    box.addEventListener("input", () => { recalled = -1; grow(); });
    box.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const oneLine = !box.value.includes("\n");
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        composer.requestSubmit();
      } else if (event.key === "ArrowUp" && (oneLine || recalled >= 0)) {
        event.preventDefault();
        recall(1);
      } else if (event.key === "ArrowDown" && recalled >= 0) {
        event.preventDefault();
        recall(-1);
      }
    });
  }

  const prepare = () => $$("[data-scripted]").forEach((element) => { element.hidden = false; });
  localise(document);
  prepare();
  if (pendingList) outbox().forEach(({ id, text }) => put(text, id));
  if (scroll) scroll.scrollTop = scroll.scrollHeight;
  flush();
  listen();
})();
