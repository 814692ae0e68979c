// RTP figures: a small table of the latest values, and the charts. The server makes the figure (core/ui/charts/call.py);
// from there on the stream's samples are appended by the rules in its layout.meta. Redrawn at a low rate: an SVG chart
// is the costliest thing of the page.

const REDRAW_MS = 2000;
const KEEP_S = 300;
const FRESH_S = 3.5;
const HURTS = {
  mos: (value) => value < 3.5,
  rtt_ms: (value) => value > 400,
  jitter_ms: (value) => value > 30,
  loss_pct: (value) => value > 1,
  packets_per_s: (value) => value < 40,
  drift: (value) => value > 10,
};

class NetworkPanel {
  // `locale` and `showSaid` are for the alerts: the names of their rules, and a way to where something was said.
  constructor(words, locale, showSaid) {
    this.words = words;
    this.latest = new Map();
    this.seen = [];
    this.speech = new Map();
    this.lines = new Map();
    this.following = true;
    this.label = el("span", { class: "es-badge", hidden: true });
    this.follow = el("button", { type: "button", class: "es-follow", text: words.follow, hidden: true });
    this.key = el("span", { class: "es-key", text: words.lines });
    setTip(this.key, words.lines_tip);
    const shell = card(words.network, this.label, this.key, this.follow);
    this.root = shell.root;
    this.root.classList.add("es-network");
    this.table = el("tbody");
    this.span = el("td", { class: "es-span", text: words.latest });
    const head = [
      ["mos", words.quality.mos, ""],
      ["rtt_ms", words.quality.rtt, "ms"],
      ["jitter_ms", words.jitter, "ms"],
      ["loss_pct", words.loss, "%"],
      ["packets_per_s", words.rate, "1/s"],
      ["send_deviation_p99_ms", words.send, "ms"],
      ["drift", words.drift, "ms/min"],
    ].map(([field, title, unit]) => {
      const cell = el("th", { scope: "col" }, el("span", { text: title }), el("small", { text: ` ${unit}` }));
      setTip(cell, words.metric_tips[field]);
      return cell;
    });
    this.figures = el(
      "table",
      { hidden: true },
      el("thead", {}, el("tr", {}, this.span, ...head)),
      this.table
    );
    this.empty = el("p", { class: "es-empty", text: words.network_empty });
    this.chart = el("div", { class: "es-chart", role: "img", "aria-label": words.chart_label });
    this.alerts = new AlertList(words.quality, words.text_alerts, locale, showSaid);
    this.quality = { scores: [], alerts: [], drifts: [] };
    this.totals = new Map();
    shell.body.append(this.empty, this.alerts.root, this.figures, this.chart);
    this.follow.addEventListener("click", () => this.followAgain());
    this.timer = setInterval(() => this.redraw(), REDRAW_MS);
    this.resizer = new ResizeObserver(() => this.resized());
    this.resizer.observe(this.chart);
  }

  // The server's figure; samples that were streamed after it was made are appended again.
  setFigure(figure, plotlyUrl) {
    this.figure = figure;
    this.rules = figure.layout.meta;
    this.lines = new Map(figure.data.filter((trace) => trace.meta.leg).map((trace) => [this.lineKey(trace.meta), trace]));
    for (const sample of this.seen) this.append(sample);
    this.dirty = true;
    loadPlotly(plotlyUrl).then(
      (plotly) => {
        this.plotly = plotly;
        this.redraw();
      },
      () => {
        this.empty.hidden = false;
        setText(this.empty, this.words.network_unavailable);
      }
    );
  }

  onAxis(seconds) {
    return this.rules.origin_ms + seconds * 1000;
  }

  lineKey(meta) {
    return `${meta.leg}|${meta.direction}|${meta.field}`;
  }

  setCall(call, legs, colours) {
    this.call = call;
    this.legs = legs;
    this.colours = colours;
    this.live = call.state !== "ended";
    const textOnly = call.origin === "script";
    this.label.hidden = call.origin !== "demo_direct";
    setText(this.label, this.words.network_direct);
    setTip(this.label, this.words.origin_notes.demo_direct);
    this.key.hidden = textOnly;
    if (textOnly) setText(this.empty, this.words.network_text_only);
    this.dirty = true;
  }

  setQuality(quality) {
    this.quality = quality;
    this.alerts.show(quality.alerts, (leg) => this.owner(leg)?.name ?? "");
  }

  add(samples) {
    for (const sample of samples) {
      if (sample.jitter_buffer_total_s !== null) this.totals.set(sample.leg_id, sample.jitter_buffer_total_s);
      if (sample.vantage !== "server") continue;
      const key = `${sample.leg_id}|${sample.direction}`;
      if (sample.at_s <= (this.latest.get(key)?.at_s ?? -1)) continue;
      this.latest.set(key, sample);
      this.seen.push(sample);
      if (this.figure) this.append(sample);
      this.dirty = true;
    }
    const newest = this.seen.at(-1)?.at_s ?? 0;
    while (this.live && this.seen.length && this.seen[0].at_s < newest - KEEP_S) this.seen.shift();
  }

  addSpeech(utterances) {
    for (const utterance of utterances) {
      if (utterance.text) this.speech.set(utterance.id, utterance);
      else this.speech.delete(utterance.id);
      this.dirty = true;
    }
  }

  append(sample) {
    for (const rule of this.rules.series) {
      if (rule.direction !== sample.direction) continue;
      const key = this.lineKey({ leg: sample.leg_id, direction: rule.direction, field: rule.field });
      const value = sample[rule.field] ?? null;
      let line = this.lines.get(key);
      if (!line) {
        if (value === null) continue;
        line = this.newLine(rule, sample.leg_id);
        this.lines.set(key, line);
      }
      const x = this.onAxis(sample.at_s);
      const before = line.x.at(-1);
      if (before !== undefined && x <= before) continue;
      if (before !== undefined && x - before > this.rules.gap_s * 1000) {
        line.x.push((before + x) / 2);
        line.y.push(null);
      }
      line.x.push(x);
      line.y.push(value);
      if (this.live) {
        let old = 0;
        while (line.x[old] < x - KEEP_S * 1000) old += 1;
        if (old) {
          line.x.splice(0, old);
          line.y.splice(0, old);
        }
      }
    }
  }

  newLine(rule, leg) {
    return {
      type: "scatter",
      mode: "lines",
      connectgaps: false,
      x: [],
      y: [],
      line: { width: 1.5, dash: rule.dash },
      opacity: rule.opacity,
      xaxis: "x",
      yaxis: rule.axis,
      meta: { leg, direction: rule.direction, field: rule.field },
      hovertemplate: "%{y:.1f}<extra>%{fullData.name}</extra>",
    };
  }

  owner(leg) {
    return this.call?.participants.find((participant) => participant.id === this.legs[leg]);
  }

  speechLines(from) {
    const speakers = this.call.participants.filter((participant) => participant.role !== "supervisor");
    const lanes = speakers.map((participant, index) => ({
      type: "scatter",
      mode: "lines",
      connectgaps: false,
      x: [],
      y: [],
      line: { width: 5, color: this.colours.get(participant.id) },
      xaxis: "x",
      yaxis: "y",
      hoverinfo: "skip",
      id: participant.id,
      row: speakers.length - 1 - index,
    }));
    for (const utterance of this.speech.values()) {
      const lane = lanes.find((candidate) => candidate.id === utterance.participant_id);
      if (!lane || utterance.end_s < from) continue;
      lane.x.push(this.onAxis(utterance.start_s), this.onAxis(utterance.end_s), null);
      lane.y.push(lane.row, lane.row, null);
    }
    return lanes.map(({ id, row, ...trace }) => trace);
  }

  tick(nowS) {
    if (!this.call) return;
    const rows = this.call.participants.filter((participant) => participant.leg_id && (this.live ? participant.leg_state !== "closed" : true));
    this.figures.hidden = rows.length === 0;
    const hasLines = this.lines.size > 0;
    this.empty.hidden = hasLines || rows.length > 0;
    this.chart.classList.toggle("es-blank", !hasLines);
    const known = rows.map((participant) => participant.id).join();
    if (known !== this.known) {
      this.known = known;
      this.table.replaceChildren(...rows.map((participant) => this.row(participant)));
    }
    // An ended call's averages do not change any more.
    const key = `${known}|${this.seen.length}`;
    if (!this.live && key === this.averaged) return;
    this.averaged = key;
    setText(this.span, this.live ? this.words.latest : this.words.average);
    rows.forEach((participant, index) => this.values(this.table.children[index], participant, nowS));
  }

  row(participant) {
    const name = el("th", { scope: "row", title: participant.name }, el("span", { class: "es-dot" }), el("span", { text: participant.name }));
    return el("tr", {}, name, ...Array.from({ length: 7 }, () => el("td")));
  }

  values(row, participant, nowS) {
    row.style.setProperty("--who", this.colours.get(participant.id));
    const [name, mos, rtt, jitter, loss, rate, send, drift] = row.children;
    if (this.live) this.path(name, participant.leg_path);
    const inbound = this.live ? this.fresh(participant, "inbound", nowS) : this.average(participant, "inbound");
    const outbound = this.live ? this.fresh(participant, "outbound", nowS) : this.average(participant, "outbound");
    this.score(mos, participant);
    this.value(rtt, "rtt_ms", outbound.rtt_ms, 0);
    this.value(jitter, "jitter_ms", inbound.jitter_ms, 1);
    this.value(loss, "loss_pct", inbound.loss_pct, 1);
    this.value(rate, "packets_per_s", inbound.packets_per_s, 0, participant.role === "supervisor");
    if (outbound.packets_per_s !== undefined) setText(rate, `${rate.textContent} / ${outbound.packets_per_s.toFixed(0)}`);
    this.value(send, "send_deviation_p99_ms", outbound.send_deviation_p99_ms, 1);
    this.drift(drift, participant);
  }

  // How the browser's jitter buffer grows, with the interval of the fit; red only where no doubt is left.
  drift(cell, participant) {
    const found = this.quality.drifts.filter((each) => this.legs[each.leg_id] === participant.id).at(-1);
    this.value(cell, "drift", found?.slope_ms_per_min, 1);
    cell.classList.toggle("es-hurts", Boolean(found && found.slope_ms_per_min > 10 && found.low_ms_per_min > 2));
    const told = found && {
      name: participant.name,
      slope: found.slope_ms_per_min.toFixed(1),
      low: found.low_ms_per_min.toFixed(1),
      high: found.high_ms_per_min.toFixed(1),
      span: found.span_s.toFixed(0),
      delay: found.delay_ms.toFixed(0),
      total: (this.totals.get(found.leg_id) ?? 0).toFixed(0),
    };
    if (told) cell.append(el("small", { text: `${told.low}…${told.high}` }));
    setTip(cell, told ? fill(this.words.drift_line, told) : this.words.metric_tips.drift);
  }

  // What ICE has chosen, as the server sees it.
  path(cell, path) {
    const { told, none, ends, transports } = this.words.path;
    const ways = path && { transport: transports[path.transport], local: ends[path.local], remote: ends[path.remote] };
    setTip(cell, ways ? fill(told, ways) : none);
  }

  // The worse direction of the participant's newest leg that has a score, with everything that it comes from.
  score(cell, participant) {
    const own = this.quality.scores.filter((score) => this.legs[score.leg_id] === participant.id);
    const leg = own.some((score) => score.leg_id === participant.leg_id) ? participant.leg_id : own.at(-1)?.leg_id;
    const scores = own.filter((score) => score.leg_id === leg);
    this.value(cell, "mos", scores.length ? Math.min(...scores.map((score) => score.mos)) : null, 1);
    const words = this.words.quality;
    const told = scores.map(({ direction, vantage, mos, band, estimated, ...inputs }) => {
      const note = (name) => (estimated.includes(name) ? ` ${words.score_estimated}` : "");
      const line = fill(words[`score_${direction}`], {
        mos: mos.toFixed(1),
        band: words.bands[band],
        rtt: inputs.rtt_ms.toFixed(0),
        rtt_note: note("rtt_ms"),
        jitter: inputs.jitter_ms.toFixed(1),
        jitter_note: note("jitter_ms"),
        loss: inputs.loss_pct.toFixed(1),
        loss_note: note("loss_pct"),
      });
      return fill(words.score_source, { line, source: words.sources[vantage] });
    });
    setTip(cell, told.length ? told.join("\n") : this.words.metric_tips.mos);
  }

  fresh(participant, direction, nowS) {
    const sample = this.latest.get(`${participant.leg_id}|${direction}`);
    return sample && nowS - sample.at_s < FRESH_S ? sample : {};
  }

  average(participant, direction) {
    const own = this.seen.filter((sample) => sample.direction === direction && this.legs[sample.leg_id] === participant.id);
    const mean = (field) => {
      const known = own.map((sample) => sample[field]).filter((value) => value !== null && value !== undefined);
      return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : undefined;
    };
    return Object.fromEntries(["rtt_ms", "jitter_ms", "loss_pct", "packets_per_s", "send_deviation_p99_ms"].map((field) => [field, mean(field)]));
  }

  value(cell, field, value, digits, harmless = false) {
    const missing = value === null || value === undefined;
    setText(cell, missing ? "–" : value.toFixed(digits));
    cell.classList.toggle("es-hurts", !missing && !harmless && Boolean(HURTS[field]?.(value)));
  }

  redraw() {
    if (!this.plotly || !this.figure || !this.call || !this.dirty) return;
    if (document.hidden || !this.chart.clientHeight || !this.lines.size) return;
    this.dirty = false;
    let end = this.seen.at(-1)?.at_s ?? 0;
    for (const line of this.lines.values()) end = Math.max(end, ((line.x.at(-1) ?? 0) - this.rules.origin_ms) / 1000);
    for (const utterance of this.speech.values()) end = Math.max(end, utterance.end_s);
    const window_s = this.rules.window_s;
    const range = this.live ? [this.onAxis(Math.max(0, end - window_s)), this.onAxis(Math.max(end, window_s))] : this.figure.layout.xaxis.range;
    for (const [leg, trace] of [...this.lines.values()].map((line) => [line.meta.leg, line])) {
      const owner = this.owner(leg);
      trace.name = owner?.name ?? "";
      trace.line = { ...trace.line, color: this.colours.get(owner?.id) ?? this.palette.muted };
    }
    const traces = [...this.speechLines(this.live ? end - KEEP_S : 0), ...this.lines.values()];
    const speakers = this.call.participants.filter((participant) => participant.role !== "supervisor").length;
    const { layout } = this.figure;
    const format = end >= 3600 ? "%-H:%M:%S" : "%M:%S";
    const paint = (axis) => ({ ...axis, gridcolor: this.palette.grid });
    const next = {
      ...layout,
      font: { ...layout.font, color: this.palette.text, family: getComputedStyle(this.root).fontFamily },
      xaxis: { ...paint(layout.xaxis), range: this.following ? range : this.chart.layout.xaxis.range, tickformat: format, hoverformat: format },
      yaxis: { ...layout.yaxis, range: [-0.7, Math.max(speakers, 1) - 0.3] },
      annotations: layout.annotations.map((note) => ({ ...note, font: { ...note.font, color: this.palette.muted } })),
      shapes: layout.shapes.map((shape) => ({ ...shape, line: { ...shape.line, color: this.palette.limit } })),
      datarevision: (this.revision = (this.revision ?? 0) + 1),
      width: this.chart.clientWidth,
      height: this.chart.clientHeight,
    };
    for (const axis of ["yaxis2", "yaxis3", "yaxis4", "yaxis5"]) next[axis] = paint(layout[axis]);
    const first = !this.drawn;
    this.drawn = true;
    this.plotly.react(this.chart, traces, next, { displayModeBar: false, doubleClick: false }).then(() => first && this.listen());
  }

  // Zooming stops the charts from running along; a double click or the button lets them run again.
  listen() {
    this.chart.on("plotly_relayout", (change) => {
      if ("xaxis.range[0]" in change) {
        this.following = false;
        this.follow.hidden = !this.live;
      }
    });
    this.chart.on("plotly_doubleclick", () => this.followAgain());
  }

  followAgain() {
    this.following = true;
    this.follow.hidden = true;
    this.dirty = true;
    this.redraw();
  }

  resized() {
    this.dirty = true;
    if (this.drawn) requestAnimationFrame(() => this.redraw());
  }

  recolour(palette, colours) {
    this.palette = palette;
    this.colours = colours;
    this.dirty = true;
  }

  close() {
    clearInterval(this.timer);
    this.resizer.disconnect();
    if (this.drawn) this.plotly.purge(this.chart);
  }
}
