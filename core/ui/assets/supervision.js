// The list of running calls, worst first. An event stream feeds it; rows are changed in place and moved only while neither
// pointer nor keyboard is in the list, so that what one aims at stays where it is. A choice is told to Python; a rerun of
// the page leaves all this as it is.

const HURTS = ["fair", "poor"];
const PERSONA_TROUBLE = ["ended", "reconnecting"];
const lists = new WeakMap();

class CallRow {
  constructor(id, words) {
    this.id = id;
    this.words = words;
    this.call = null;
    const cell = (name) => el("span", { class: `es-${name}` });
    this.state = cell("call-state");
    this.time = cell("call-time");
    this.people = cell("call-people");
    this.mos = cell("call-mos");
    this.alert = cell("call-alert");
    this.said = cell("call-said");
    this.watching = cell("call-watching");
    const first = el("span", { class: "es-call-first" }, this.state, this.time);
    const cells = [first, this.people, this.mos, this.alert, this.said, this.watching];
    this.node = el("div", { class: "es-call", role: "option", id: `es-call-${id}`, "data-id": id, tabindex: "-1", "aria-selected": "false" }, ...cells);
  }

  show(call) {
    const { words } = this;
    const before = this.call;
    this.call = call;
    this.node.dataset.state = call.state;
    const origin = call.persona ? [words.persona, call.persona.is_rehearsal && words.rehearsal].filter(Boolean).join(", ") : words.origins[call.origin];
    setText(this.state, words.states[call.state]);
    this.state.title = origin ? `${words.states[call.state]} · ${origin}` : "";
    if (JSON.stringify(before?.participants) !== JSON.stringify(call.participants)) this.showPeople(call);
    this.node.dataset.band = call.band ?? "";
    const rating = call.mos === null ? "" : `${call.mos.toFixed(1)} ${words.bands[call.band] ?? ""}`;
    setText(this.mos, rating || "–");
    const { levels } = words.text_alerts;
    const found = call.text_alerts.map((each) => ({ level: each.level, text: `${levels[each.level]}: ${nameOfRule(each, words.locale)}` }));
    const wrong = call.alerts.map((each) => ({ level: "network", text: this.sentence(each) }));
    if (PERSONA_TROUBLE.includes(call.persona?.state)) wrong.unshift({ level: "network", text: words.persona_states[call.persona.state] });
    if (call.cause) wrong.unshift({ level: "network", text: call.cause.title, cure: call.cause.cure });
    // As the server orders calls: what is critical first, then the network and why, then the rest of what was said.
    const all = [...found.filter((each) => each.level === "critical"), ...wrong, ...found.filter((each) => each.level !== "critical")];
    const alert = all.length ? `${all[0].text}${all.length > 1 ? ` +${all.length - 1}` : ""}` : "";
    setText(this.alert, alert);
    this.alert.title = all.length > 1 || call.cause ? all.map((each) => [each.text, each.cure].filter(Boolean).join(" – ")).join("\n") : "";
    this.alert.dataset.level = all[0]?.level ?? "";
    this.node.dataset.level = found[0]?.level ?? "";
    const said = call.last_words;
    setText(this.said, said ? `${said.speaker || words.roles[said.role]}: ${said.text}` : "");
    this.node.toggleAttribute("data-trouble", this.isTroubled);
    this.label = [words.states[call.state], this.people.textContent || words.nobody, rating && `${words.heads.mos} ${rating}`, alert, this.watching.textContent, this.said.textContent];
    this.found = `${call.id} ${call.participants.map((one) => one.name).join(" ")} ${this.said.textContent}`.toLowerCase();
  }

  showPeople(call) {
    const { words } = this;
    const here = call.participants.filter((one) => one.leg_state !== "closed");
    const speakers = here.filter((one) => one.role !== "supervisor");
    const nodes = speakers.map((one) => {
      const trouble = one.leg_state && one.leg_state !== "connected" ? words.legs[one.leg_state] : one.muted ? words.muted : "";
      const name = one.name || words.roles[one.role];
      const node = el("span", { class: "es-one", "data-role": one.role, title: `${name} · ${words.roles[one.role]}` }, el("span", { text: name }));
      if (one.leg_state) node.dataset.leg = one.leg_state;
      if (one.role === "persona") node.append(" ", el("em", { class: "es-kind", text: call.persona?.is_rehearsal ? words.rehearsal : words.persona }));
      if (trouble) node.append(" ", el("em", { text: trouble }));
      return node;
    });
    if (!nodes.length) nodes.push(el("span", { class: "es-quiet", text: words.nobody }));
    this.people.replaceChildren(...nodes.flatMap((node, index) => (index ? [", ", node] : [node])));
    const watching = here.filter((one) => one.role === "supervisor");
    this.watching.replaceChildren(
      ...watching.map((one) => el("span", { class: "es-watcher", "data-mode": one.mode ?? "", text: `${one.name || words.roles[one.role]} · ${words.modes[one.mode] ?? ""}` })),
    );
  }

  sentence({ kind, direction, participant }) {
    const template = this.words.alerts[direction ? `${kind}/${direction}` : kind];
    return fill(template ?? `${kind} {subject}`, { subject: participant || "?" });
  }

  get isTroubled() {
    const { call } = this;
    return call.alerts.length > 0 || Boolean(call.cause) || PERSONA_TROUBLE.includes(call.persona?.state) || call.text_alerts.some((each) => each.level !== "info") || HURTS.includes(call.band) || call.participants.some((one) => one.leg_state === "lost");
  }

  fits(text, onlyTrouble) {
    return (!onlyTrouble || this.isTroubled) && (!text || this.found.includes(text));
  }

  end() {
    this.node.dataset.state = "ended";
    setText(this.state, this.words.over);
    this.over = true;
  }

  tick(now) {
    if (this.over || !this.call) return;
    setText(this.time, clock(now - (this.call.live_at ?? this.call.created_at)));
  }

  focus() {
    this.node.setAttribute("aria-label", [this.time.textContent, ...this.label].filter(Boolean).join(", "));
    this.node.focus({ preventScroll: true });
    this.node.scrollIntoView({ block: "nearest" });
  }
}

class SupervisionList {
  constructor(host, data) {
    this.host = host;
    this.words = { ...data.words, locale: data.locale };
    this.notices = new Notices(data.words.notices, data.locale);
    this.data = data;
    this.rows = new Map();
    this.order = [];
    this.selected = data.selected;
    this.current = data.selected;
    this.pointer = this.keys = false;
    this.offset = data.now - Date.now() / 1000;
    this.build();
    this.take(data);
    this.connect();
    this.ticker = setInterval(() => this.tick(), 1000);
    this.fit = () => fitHeight(this.root, 300);
    this.above = new ResizeObserver(this.fit);
    for (let node = host; node && node !== document.body; node = node.parentElement) this.above.observe(node);
    window.addEventListener("resize", this.fit);
    this.fit();
  }

  build() {
    const { words } = this;
    this.banner = el("div", { class: "es-banner", role: "status", text: words.loading });
    this.filter = el("input", { type: "search", placeholder: words.filter, "aria-label": words.filter, maxlength: "100" });
    this.filter.addEventListener("input", () => this.arrange(true));
    this.trouble = el("input", { type: "checkbox" });
    this.trouble.addEventListener("change", () => this.arrange(true));
    const trouble = el("label", { class: "es-only", title: words.trouble_tip }, this.trouble, el("span", { text: words.trouble }));
    this.count = el("span", { class: "es-count", role: "status" });
    this.opener = el("button", { type: "button", class: "es-opener", text: words.show_list, "aria-expanded": "false" });
    this.opener.addEventListener("click", () => this.unfold(!this.root.hasAttribute("data-unfolded")));
    const tools = el("div", { class: "es-tools" }, this.filter, trouble, this.notices.root, this.count, this.opener);
    const head = (name) => el("span", { text: words.heads[name], title: name === "mos" ? words.mos_tip : "" });
    this.heads = el("div", { class: "es-heads", "aria-hidden": "true" }, ...Object.keys(words.heads).map(head));
    this.list = el("div", { class: "es-calls", role: "listbox", "aria-label": words.list });
    this.nothing = el("div", { class: "es-nothing", hidden: true });
    const scroller = el("div", { class: "es-scroller" }, this.heads, this.list, this.nothing);
    this.sort = el("button", { type: "button", text: words.sort });
    this.sort.addEventListener("click", () => this.arrange(true));
    this.held = el("div", { class: "es-held" }, el("span", { text: words.held }), this.sort);
    this.root = el("div", { class: "es-supervision" }, this.banner, tools, scroller, this.held);
    this.listen();
    this.host.append(this.root);
  }

  listen() {
    const { list } = this;
    list.addEventListener("pointerenter", (event) => this.hold("pointer", event.pointerType === "mouse"));
    list.addEventListener("pointerleave", () => this.hold("pointer", false));
    list.addEventListener("focusin", (event) => {
      this.rove(event.target.closest("[data-id]")?.dataset.id);
      this.hold("keys", event.target.matches(":focus-visible"));
    });
    list.addEventListener("focusout", () => this.hold("keys", false));
    list.addEventListener("click", (event) => this.open(event.target.closest("[data-id]")?.dataset.id));
    list.addEventListener("keydown", (event) => this.pressed(event));
  }

  get isHeld() {
    return this.pointer || this.keys;
  }

  hold(what, on) {
    this[what] = on;
    if (this.isHeld) this.sayHeld();
    else this.arrange();
  }

  // Quiet: the line's place is always kept, and it says something only when rows would move.
  sayHeld() {
    this.held.toggleAttribute("data-on", this.isHeld && this.wanted().some((row, index) => this.shown[index] !== row));
  }

  take(data) {
    this.data = data;
    if (data.selected !== this.selected) {
      this.selected = data.selected;
      this.unfold(false);
    }
    this.paint();
    this.mark();
    this.arrange();
  }

  paint() {
    this.root.dataset.theme = themeOf(this.root);
  }

  connect() {
    this.stream = new ChangeStream(() => this.data.stream, {
      receive: (change) => this.receive(change),
      gone: (message) => this.gone(message),
      interrupted: () => this.say(this.words.reconnecting, "warn"),
    });
  }

  gone(message) {
    const again = el("button", { type: "button", text: this.words.reload });
    again.addEventListener("click", () => window.location.reload());
    this.say(fill(this.words.gone, { message }), "bad", again);
  }

  say(text, kind = "", extra = null) {
    this.banner.hidden = !text;
    this.banner.dataset.kind = kind;
    this.banner.replaceChildren(el("span", { text }), ...(extra ? [extra] : []));
  }

  receive(change) {
    if (!this.banner.hidden) this.say("");
    const gone = new Set(change.gone ?? []);
    if (change.reset) for (const id of this.rows.keys()) if (!(id in change.calls)) gone.add(id);
    for (const [id, call] of Object.entries(change.calls ?? {})) {
      const row = this.rows.get(id) ?? new CallRow(id, this.words);
      this.rows.set(id, row);
      row.over = false;
      row.show(call);
      this.notices.take(id, call.text_alerts, peopleOf(call, this.words), this.hasCalls);
      row.tick(this.now());
    }
    this.hasCalls = true;
    for (const id of gone) this.rows.get(id)?.end();
    this.order = change.order ?? this.order;
    this.mark();
    this.arrange();
  }

  now() {
    return Date.now() / 1000 + this.offset;
  }

  // The rows that belong in the list, in their order. The chosen call stays when it has ended, until another is chosen.
  wanted() {
    const text = this.filter.value.trim().toLowerCase();
    const rows = this.order.map((id) => this.rows.get(id)).filter((row) => row && !row.over);
    const kept = this.rows.get(this.selected);
    if (kept?.over) rows.push(kept);
    return rows.filter((row) => row === kept || row.fits(text, this.trouble.checked));
  }

  get shown() {
    return [...this.list.children].map((node) => this.rows.get(node.dataset.id));
  }

  // Puts the rows in order; while the order is held, what is new comes last and what is over stays.
  arrange(now = false) {
    const wanted = this.wanted();
    const shown = new Set(this.shown);
    const target = this.isHeld && !now ? [...shown, ...wanted.filter((row) => !shown.has(row))] : wanted;
    const focused = document.activeElement?.closest?.(".es-call");
    const keep = new Set(target);
    for (const row of shown) if (!keep.has(row)) row.node.remove();
    let next = this.list.firstElementChild;
    for (const { node } of target) {
      if (node === next) next = next.nextElementSibling;
      else this.list.insertBefore(node, next);
    }
    if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
    for (const [id, row] of this.rows) if (row.over && !keep.has(row)) this.rows.delete(id);
    this.sayHeld();
    this.sayCount(target.length);
    this.rove(this.current);
  }

  sayCount(shown) {
    const all = this.order.length;
    setText(this.count, this.rows.size ? fill(shown < all ? this.words.count_filtered : this.words.count, { shown, all }) : "");
    const loaded = this.banner.hidden;
    const nothing = !loaded || shown ? "" : all ? this.words.none_fits : this.words.empty;
    this.heads.hidden = !shown;
    this.nothing.hidden = !nothing;
    if (this.nothing.dataset.text === nothing) return;
    this.nothing.dataset.text = nothing;
    const reset = el("button", { type: "button", text: this.words.all });
    reset.addEventListener("click", () => {
      this.filter.value = "";
      this.trouble.checked = false;
      this.arrange(true);
    });
    this.nothing.replaceChildren(el("span", { text: nothing }), ...(all ? [reset] : []));
  }

  // One row at a time can be reached with the tabulator: the chosen one, or the one that the arrows went to.
  rove(id) {
    const rows = this.shown;
    const at = rows.find((row) => row.id === id) ?? rows.find((row) => row.id === this.selected) ?? rows[0];
    this.current = at?.id ?? null;
    for (const row of rows) {
      const index = row === at ? 0 : -1;
      if (row.node.tabIndex !== index) row.node.tabIndex = index;
    }
  }

  pressed(event) {
    const rows = this.shown;
    const at = rows.findIndex((row) => row.id === this.current);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, PageDown: at + 10, PageUp: at - 10 };
    if (event.key === "Enter" || event.key === " ") this.open(this.current);
    else if (event.key in steps) rows[Math.min(Math.max(steps[event.key], 0), rows.length - 1)]?.focus();
    else return;
    event.preventDefault();
  }

  open(id) {
    if (!id || id === this.selected) return this.unfold(false);
    this.selected = id;
    this.mark();
    this.unfold(false);
    this.data.open(id);
  }

  mark() {
    this.root.toggleAttribute("data-chosen", Boolean(this.selected));
    for (const row of this.rows.values()) {
      const chosen = String(row.id === this.selected);
      if (row.node.getAttribute("aria-selected") !== chosen) row.node.setAttribute("aria-selected", chosen);
    }
  }

  // On a phone the list is folded to the chosen call.
  unfold(on) {
    this.root.toggleAttribute("data-unfolded", on);
    this.opener.setAttribute("aria-expanded", String(on));
  }

  tick() {
    if (document.hidden) return;
    const now = this.now();
    for (const row of this.rows.values()) row.tick(now);
  }

  close() {
    this.notices.close();
    this.stream.close();
    clearInterval(this.ticker);
    this.above.disconnect();
    window.removeEventListener("resize", this.fit);
    this.root.remove();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const given = { ...data, open: (id) => setTriggerValue("open", id) };
  let list = lists.get(parentElement);
  if (list && list.data.locale !== data.locale) {
    list.close();
    list = null;
  }
  if (list) list.take(given);
  else lists.set(parentElement, new SupervisionList(parentElement, given));
  return () => {
    lists.get(parentElement)?.close();
    lists.delete(parentElement);
  };
}
