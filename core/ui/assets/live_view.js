// The live page's view of one call. It is fed by a server-sent event stream that carries only what changed; Python
// mounts it once and a rerun of the page leaves it as it is.

const views = new WeakMap();
const INTERRUPT_LIMIT_MS = 10000;

class CallBar {
  constructor(words) {
    this.words = words;
    this.state = el("span", { class: "es-state" });
    this.time = el("span", { class: "es-duration", role: "timer" });
    setTip(this.time, words.duration_tip);
    this.origin = el("span", { class: "es-badge", hidden: true });
    this.people = el("ul", { class: "es-people", "aria-label": words.people });
    this.troubles = el("ul", { class: "es-troubles" });
    this.modes = el("ul", { class: "es-modes", role: "status" });
    this.row = el("div", { class: "es-bar-row" }, this.state, this.time, this.origin, this.people, this.troubles);
    this.root = el("div", { class: "es-call-bar" }, this.row, this.modes);
  }

  show(call, colours) {
    this.row.dataset.state = call.state;
    setText(this.state, this.words[`state_${call.state}`]);
    const origin = this.words.origins[call.origin];
    this.origin.hidden = !origin;
    if (origin) {
      setText(this.origin, origin);
      setTip(this.origin, this.words.origin_notes[call.origin]);
    }
    const here = call.participants.filter((participant) => participant.leg_state !== "closed" || call.state === "ended");
    if (!here.length) this.people.replaceChildren(el("li", { class: "es-nobody", text: this.words.nobody }));
    else this.people.replaceChildren(...here.map((participant) => this.person(participant, call, colours)));
    this.showModes(call.state === "ended" ? [] : here.filter((participant) => participant.mode));
  }

  // Who steps into the call, and who hears it.
  showModes(supervisors) {
    const told = this.isAgent ? "told_agent" : "told";
    const lines = supervisors
      .map((one) => ({ mode: one.mode, text: fill(this.words.modes[one.mode]?.[told] ?? "", { name: one.name }) }))
      .filter((line) => line.text);
    const state = JSON.stringify(lines);
    if (state === this.modesDrawn) return;
    this.modesDrawn = state;
    this.modes.replaceChildren(...lines.map(({ mode, text }) => el("li", { "data-mode": mode, text })));
  }

  person(participant, call, colours) {
    const role = this.words.roles[participant.role] ?? participant.role;
    const name = participant.name && participant.name !== role ? `${participant.name} · ${role}` : role;
    const node = el("li", {}, el("span", { class: "es-dot" }), el("span", { text: name }));
    node.style.setProperty("--who", colours.get(participant.id));
    const extra = [];
    if (call.state !== "ended" && participant.leg_state && participant.leg_state !== "connected") {
      node.dataset.leg = participant.leg_state;
      extra.push(this.words.leg_states[participant.leg_state]);
    }
    if (participant.language) extra.push(this.words.languages[participant.language] ?? participant.language);
    if (participant.muted && call.state !== "ended") extra.push(this.words.muted);
    if (participant.mode && call.state !== "ended") {
      node.dataset.mode = participant.mode;
      extra.push(this.words.modes[participant.mode].doing);
    }
    if (extra.length) node.append(el("span", { class: "es-leg", text: extra.join(", ") }));
    return node;
  }

  tick(call, nowS) {
    const started = call.live_at ?? (call.state === "ended" ? null : call.created_at);
    const end = call.ended_at ?? call.created_at + nowS;
    setText(this.time, started === null ? "" : clock(end - started));
  }

  trouble(parts, dropped) {
    const lines = parts
      .filter((part) => part.state !== "up")
      .map((part) => {
        const text = fill(this.words.part, {
          part: this.words.parts[part.name] ?? part.name,
          state: this.words.part_states[part.state] ?? part.state,
        });
        const node = el("li", { text, "data-state": part.state });
        if (part.detail) setTip(node, part.detail);
        return node;
      });
    for (const [queue, count] of Object.entries(dropped)) {
      if (!count) continue;
      const node = el("li", { text: fill(this.words.dropped, { queue: this.words.queues[queue] ?? queue, count }), "data-state": "degraded" });
      setTip(node, this.words.dropped_tip);
      lines.push(node);
    }
    this.troubles.replaceChildren(...lines);
  }
}

class LiveView {
  constructor(host, data) {
    this.host = host;
    this.words = data.words;
    this.callId = data.call_id;
    this.parts = [];
    this.dropped = {};
    this.legs = {};
    this.colours = new Map();
    this.bar = new CallBar(this.words);
    this.moment = data.moment;
    this.notices = new Notices(this.words.notices, data.locale);
    this.bar.row.append(this.notices.root);
    this.transcript = new Transcript(this.words, {
      locale: data.locale,
      correct: data.may_correct ? (id, text) => this.data.correct({ id, text }) : null,
      link: (seconds) => this.link(seconds),
    });
    this.summary = new SummaryPanel(this.words);
    this.handbook = new HandbookPanel(this.words);
    this.network = new NetworkPanel(this.words, data.locale, (id) => this.transcript.showSaid(id));
    this.diagnosis = new DiagnosisCard(this.words.quality);
    this.paints = new Paints();
    this.persona = new PersonaPanel(this.words.persona, {
      interrupt: data.persona.interrupt ? () => this.interruptPersona() : null,
      events: data.persona.events && urlOf(data.persona.events),
    });
    this.banner = el("div", { class: "es-banner", role: "status", text: this.words.loading });
    this.catchUp = new CatchUpCard(this.words, data.catch_up);
    this.questions = new QuestionPanel(this.words, {
      ask: (question) => this.ask(question),
      show: (seconds) => this.transcript.showMoment(seconds),
    });
    const middle = el("div", { class: "es-middle" }, this.catchUp.root, this.summary.root, this.questions.root, this.handbook.root);
    const panels = el("div", { class: "es-panels" }, this.transcript.root, middle, el("div", { class: "es-side" }, this.diagnosis.root, this.network.root));
    this.root = el("div", { class: "es-live", "data-call": data.call_id }, this.banner, this.bar.root, this.persona.root, panels);
    this.tips = new Tips(this.root);
    host.append(this.root);
    this.take(data);
    this.connect();
    this.ticker = setInterval(() => this.tick(), 1000);
    this.fit = () => this.fitWindow();
    this.above = new ResizeObserver(this.fit);
    for (let node = host; node && node !== document.body; node = node.parentElement) this.above.observe(node);
    window.addEventListener("resize", this.fit);
    this.fit();
  }

  // What a rerun of the page brings: fresh tokens, a fresh figure, perhaps another theme.
  take(data) {
    const isLater = this.data && data.refresh !== this.data.refresh;
    this.data = data;
    this.bar.isAgent = data.is_agent;
    this.paints.url = data.paints && urlOf(data.paints);
    if (isLater && this.stream.isClosed) this.stream.open();
    this.paint();
    if (data.figure_key !== this.figureKey) {
      this.figureKey = data.figure_key;
      this.network.setFigure(JSON.parse(data.figure), urlOf(data.plotly));
    }
  }

  // The address of this call at a moment, as others reach it.
  link(seconds) {
    const link = new URL(this.data.public_page || window.location.href);
    link.search = new URLSearchParams({ call: this.callId, t: seconds.toFixed(1) });
    link.hash = "";
    return link.href;
  }

  // The server's answer to a question about this call; throws an Error with what to tell the reader.
  async ask(question) {
    let response;
    try {
      response = await fetch(urlOf(this.data.questions), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ question }),
      });
    } catch {
      throw new Error(this.words.ask_failed);
    }
    if (response.ok) return response.json();
    throw new Error(response.status === 503 || response.status === 429 ? this.words.ask_busy : this.words.ask_failed);
  }

  // Throws an Error with what to tell the reader.
  async interruptPersona() {
    const failed = new Error(this.words.persona.interrupt_failed);
    const response = await fetch(urlOf(this.data.persona.interrupt), { method: "POST", signal: AbortSignal.timeout(INTERRUPT_LIMIT_MS) }).catch(() => {
      throw failed;
    });
    if (!response.ok) throw failed;
  }

  paint() {
    this.root.dataset.theme = themeOf(this.root);
    this.palette = this.data.palettes[this.root.dataset.theme];
    this.recolour();
  }

  recolour() {
    const seen = {};
    this.colours = new Map();
    for (const participant of this.call?.participants ?? []) {
      const shades = this.palette.roles[participant.role] ?? [this.palette.muted];
      const index = (seen[participant.role] ??= 0);
      seen[participant.role] += 1;
      this.colours.set(participant.id, shades[index % shades.length]);
    }
    this.transcript.recolour(this.colours);
    this.network.recolour(this.palette, this.colours);
    if (this.call) this.bar.show(this.call, this.colours);
  }

  connect() {
    this.stream = new ChangeStream(() => this.data.stream, {
      receive: (change) => this.receive(change),
      gone: (message) => this.gone(message),
      interrupted: () => this.say(this.words.reconnecting, "warn"),
      isOver: () => this.call?.state === "ended",
    });
  }

  gone(message) {
    const again = el("button", { type: "button", text: this.words.reload });
    again.addEventListener("click", () => window.location.reload());
    this.say(fill(this.words.gone, { message }), "bad", again);
  }

  say(text, kind, extra = null) {
    this.banner.hidden = !text;
    this.banner.dataset.kind = kind ?? "";
    if (this.banner.firstChild?.textContent !== text || extra) this.banner.replaceChildren(el("span", { text }), ...(extra ? [extra] : []));
    this.fit?.();
  }

  receive(change) {
    this.nowS = change.now_s;
    this.nowAt = performance.now();
    if (change.legs) this.legs = change.legs;
    if (change.call) {
      this.call = change.call;
      this.recolour();
      this.persona.setCall(this.call);
    }
    if (!this.call) return;
    if (change.persona) this.persona.take(change.persona);
    const utterances = change.utterances ?? [];
    const notes = change.notes ?? [];
    if (change.reset) {
      this.transcript.reset(utterances, notes);
      this.summary.reset(change.summaries ?? [], change.model ?? null);
    } else {
      this.transcript.update(utterances, notes);
      this.summary.add(change.summaries ?? []);
      if (change.model) this.summary.setModel(change.model);
    }
    if (change.call || change.legs) this.network.setCall(this.call, this.legs, this.colours);
    this.network.addSpeech(utterances);
    this.network.add(change.samples ?? []);
    if (change.text_alerts || change.reset) this.takeTextAlerts(change.text_alerts ?? [], !change.reset);
    if (change.quality) this.network.setQuality(change.quality);
    if (change.quality) this.diagnosis.show(change.quality.diagnoses);
    this.handbook.show(change.guidance);
    this.handbook.warn(change.reset ? (change.guidance_problem ?? "") : change.guidance_problem);
    if (change.parts) this.parts = change.parts;
    if (change.dropped) this.dropped = change.dropped;
    if (change.parts || change.dropped) this.bar.trouble(this.parts, this.dropped);
    this.paints.after(change);
    this.status();
    this.tick();
    if (change.reset) this.network.redraw();
    if (this.moment !== null && this.moment !== undefined && this.transcript.showMoment(this.moment)) this.moment = null;
    if (change.call && this.call.state !== this.data.state && this.call.state === "ended") this.data.ended();
  }

  // What a stream begins with is news only where it was broken off in between.
  takeTextAlerts(alerts, isChange) {
    this.transcript.showMarks(alerts);
    this.network.alerts.showText(alerts);
    const isNews = isChange || Boolean(this.hasAlerts);
    this.hasAlerts = true;
    this.notices.take(this.callId, alerts, peopleOf(this.call, this.words), isNews && this.call.state !== "ended");
  }

  status() {
    if (this.call.state !== "ended") {
      const down = this.parts.filter((part) => part.state === "down" && part.detail);
      down.sort((a, b) => Number(b.needed) - Number(a.needed));
      this.say(down[0]?.detail ?? "", down[0]?.needed ? "bad" : "warn");
      return;
    }
    this.transcript.ended();
    this.summary.ended();
    const length = clock((this.call.ended_at ?? 0) - (this.call.live_at ?? this.call.created_at));
    const why = this.words.end_reasons[this.call.end_reason] ?? "";
    this.say(`${fill(this.words.ended_banner, { duration: length })} ${why}`, this.call.end_reason === "interrupted" ? "warn" : "calm");
  }

  tick() {
    if (!this.call || document.hidden) return;
    const live = this.call.state !== "ended";
    const nowS = this.nowS + (live ? (performance.now() - this.nowAt) / 1000 : 0);
    this.bar.tick(this.call, nowS);
    this.summary.tick(nowS, live);
    this.persona.tick(nowS, live);
    this.network.tick(nowS);
  }

  fitWindow() {
    const width = this.root.clientWidth;
    this.root.dataset.width = width < 720 ? "narrow" : width < 1040 ? "medium" : "wide";
    fitHeight(this.root, 460);
  }

  close() {
    this.stream.close();
    clearInterval(this.ticker);
    this.above.disconnect();
    window.removeEventListener("resize", this.fit);
    this.transcript.close();
    this.notices.close();
    this.network.close();
    this.paints.close();
    this.root.remove();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const given = {
    ...data,
    ended: () => setTriggerValue("ended", true),
    correct: (correction) => setTriggerValue("correct", correction),
  };
  let view = views.get(parentElement);
  if (view && (view.callId !== data.call_id || view.data.locale !== data.locale)) {
    view.close();
    view = null;
  }
  if (view) view.take(given);
  else views.set(parentElement, (view = new LiveView(parentElement, given)));
  return () => {
    views.get(parentElement)?.close();
    views.delete(parentElement);
  };
}
