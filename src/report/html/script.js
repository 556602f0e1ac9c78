// Without this everything is shown, one below the other. With it: pictures as tabs, large on demand; a theme to choose;
// buttons that copy.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, of = document) => [...of.querySelectorAll(selector)];
  const make = (tag, attributes, ...inside) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else element.setAttribute(name, value);
    }
    element.append(...inside);
    return element;
  };
  const button = (words, click, attributes = {}) => make("button", { type: "button", click, ...attributes }, words);

  // Theme: the reader's setting, or a choice, which this browser keeps where it may.
  const THEMES = ["auto", "light", "dark"];
  const DARK = "screen and (prefers-color-scheme: dark)";
  const kept = {
    get: () => { try { return localStorage.getItem("gameday-theme"); } catch { return null; } },
    set: (theme) => { try { localStorage.setItem("gameday-theme", theme); } catch { /* it is for this page alone */ } },
  };
  const themes = make("div", { class: "group", role: "group", "aria-label": "Theme" });
  const choose = (theme) => {
    if (theme === "auto") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", theme);
    for (const b of all("button", themes)) b.setAttribute("aria-pressed", String(b.textContent === theme));
    const media = { auto: DARK, light: "not all", dark: "screen" }[theme];
    for (const source of all("source")) source.media = media;
  };
  for (const theme of THEMES) themes.append(button(theme, () => { choose(theme); kept.set(theme); }));
  document.querySelector(".top")?.append(themes);
  choose(THEMES.includes(kept.get()) ? kept.get() : "auto");

  // Copying.
  const status = make("p", { role: "status", class: "unseen" });
  document.body.append(status);
  const copy = async (from, b) => {
    try {
      await navigator.clipboard.writeText(from.textContent);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(from);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    b.textContent = "copied";
    status.textContent = `${from.dataset.copy} copied`;
    setTimeout(() => { b.textContent = "copy"; status.textContent = ""; }, 2000);
  };
  for (const from of all("[data-copy]")) {
    from.after(" ", button("copy", (e) => copy(from, e.currentTarget), { "aria-label": `copy ${from.dataset.copy}` }));
  }

  // A picture, large.
  const view = make("div", { class: "view", tabindex: "0" });
  const name = make("b", {});
  const percent = make("span", { class: "soft", role: "status" });
  let shown = null;
  let scale = 1;
  const zoom = (to) => {
    const image = view.querySelector("img");
    const fit = Math.min(view.clientWidth / image.width0, view.clientHeight / image.height0);
    const [x, y] = [view.scrollLeft + view.clientWidth / 2, view.scrollTop + view.clientHeight / 2];
    const before = scale;
    scale = Math.min(8, Math.max(0.1, to === "fit" ? fit : to));
    image.style.width = `${Math.round(image.width0 * scale)}px`;
    view.scrollTo({ left: (x * scale) / before - view.clientWidth / 2, top: (y * scale) / before - view.clientHeight / 2, behavior: "instant" });
    percent.textContent = `${Math.round(scale * 100)}%`;
  };
  const dialog = make(
    "dialog",
    {
      "aria-label": "Picture",
      keydown: (e) => {
        const act = { "+": () => zoom(scale * 1.25), "=": () => zoom(scale * 1.25), "-": () => zoom(scale / 1.25), 0: () => zoom("fit"), 1: () => zoom(1) }[e.key];
        if (!act || e.ctrlKey || e.metaKey || e.altKey) return;
        e.preventDefault();
        act();
      },
      close: () => { view.replaceChildren(); shown?.focus(); },
    },
    make("div", { class: "bar" }, name, make(
      "div",
      { class: "group" },
      percent,
      button("−", () => zoom(scale / 1.25), { "aria-label": "smaller", "aria-keyshortcuts": "-" }),
      button("+", () => zoom(scale * 1.25), { "aria-label": "larger", "aria-keyshortcuts": "+" }),
      button("fit", () => zoom("fit"), { "aria-keyshortcuts": "0" }),
      button("100%", () => zoom(1), { "aria-keyshortcuts": "1" }),
      button("close", () => dialog.close(), { "aria-keyshortcuts": "Escape" }),
    )),
    view,
  );
  view.addEventListener("pointerdown", (down) => {
    if (down.button !== 0 || down.pointerType === "touch") return;
    down.preventDefault();
    view.setPointerCapture(down.pointerId);
    const from = [view.scrollLeft + down.clientX, view.scrollTop + down.clientY];
    const move = (e) => view.scrollTo({ left: from[0] - e.clientX, top: from[1] - e.clientY, behavior: "instant" });
    view.addEventListener("pointermove", move);
    view.addEventListener("pointerup", () => view.removeEventListener("pointermove", move), { once: true });
  });
  const enlarge = (figure, opener) => {
    const picture = figure.querySelector("picture").cloneNode(true);
    const image = picture.querySelector("img");
    image.removeAttribute("id");
    image.classList.remove("opens");
    [image.width0, image.height0] = [Number(image.getAttribute("width")), Number(image.getAttribute("height"))];
    name.textContent = figure.querySelector("h3").textContent;
    dialog.setAttribute("aria-label", name.textContent);
    view.setAttribute("aria-label", "the picture; arrow keys move it");
    view.replaceChildren(picture);
    shown = opener;
    dialog.showModal();
    view.focus();
    scale = 1;
    zoom(Math.max(1, Math.min(view.clientWidth / image.width0, view.clientHeight / image.height0)));
    view.scrollTo({ left: 0, top: 0, behavior: "instant" });
  };

  // Pictures as tabs: left and right, Home and End go from one to the next (WAI-ARIA Authoring Practices, tabs).
  const figures = all("figure[id]");
  for (const figure of figures) {
    const title = figure.querySelector("h3").textContent;
    const open = button("enlarge", () => enlarge(figure, open), { "aria-label": `enlarge: ${title}`, "aria-haspopup": "dialog" });
    figure.querySelector("figcaption").append(open);
    const image = figure.querySelector("img");
    image.classList.add("opens");
    image.addEventListener("click", () => enlarge(figure, open));
  }
  if (figures.length > 0) document.body.append(dialog);
  if (figures.length > 1) {
    const list = make("div", { role: "tablist", class: "tabs", "aria-label": "Pictures" });
    const tabs = figures.map((figure, i) => {
      const tab = button(figure.dataset.name, () => show(i), { role: "tab", id: `tab-${figure.dataset.name}`, "aria-controls": figure.id });
      tab.addEventListener("keydown", (e) => {
        const n = figures.length;
        const to = { ArrowRight: (i + 1) % n, ArrowLeft: (i + n - 1) % n, Home: 0, End: n - 1 }[e.key];
        if (to === undefined) return;
        e.preventDefault();
        show(to);
        tabs[to].focus();
      });
      return tab;
    });
    list.append(...tabs);
    let open = false;
    let current = 0;
    const draw = () => {
      figures.forEach((figure, i) => {
        const on = i === current;
        figure.hidden = !open && !on;
        tabs[i].setAttribute("aria-selected", String(!open && on));
        tabs[i].tabIndex = on ? 0 : -1;
        if (open) figure.removeAttribute("role");
        else figure.setAttribute("role", "tabpanel");
      });
      every.setAttribute("aria-pressed", String(open));
    };
    const show = (i) => { [current, open] = [i, false]; draw(); };
    const every = button("all at once", () => { open = !open; draw(); });
    figures.forEach((figure, i) => figure.setAttribute("aria-labelledby", tabs[i].id));
    figures[0].before(make("div", { class: "bar" }, list, every));
    const follow = () => {
      const i = figures.findIndex((f) => `#${f.id}` === location.hash);
      if (i >= 0) { show(i); figures[i].scrollIntoView(); }
    };
    draw();
    follow();
    addEventListener("hashchange", follow);
  }

  // What scrolls sideways can be reached by key; on paper the evidence for the answer is unfolded.
  const reach = () => {
    for (const e of all(".wide")) {
      if (e.scrollWidth > e.clientWidth) e.tabIndex = 0;
      else e.removeAttribute("tabindex");
    }
  };
  reach();
  addEventListener("resize", reach);
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details.answer:not([open])");
    for (const d of folded) d.open = true;
  });
  addEventListener("afterprint", () => { for (const d of folded) d.open = false; });
})();
