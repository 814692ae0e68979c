// One browser microphone: asks for it with the reader's own choice of device and processing, changes both while the call
// goes on, mutes it and measures its level. Works inside the frame that owns the connection. A silent one sends silence
// in the microphone's place, which the browser is then not asked for.

const DEVICE_MEMORY = "earshot:microphone";
const SILENCE_DB = -60;

class Microphone extends EventTarget {
  constructor({ silent = false } = {}) {
    super();
    this.silent = silent;
    this.silence = null;
    this.record = null;
    this.track = null;
    this.stream = null;
    this.muted = false;
    this.requested = {};
    this.deviceId = remembered();
    // The browser has been asked and has not answered yet: it may be asking the reader.
    this.asking = false;
    // Name of the DOMException that the last request ended with.
    this.problem = "";
  }

  // Takes up a frame that was loaded. What the former one was given is over with it, and may not look so yet: a connection
  // that is made with such a track falls silent a moment later, and its far end hears nothing for good.
  attach(record) {
    this.endSilence();
    this.deafen();
    this.track?.stop();
    this.track = this.stream = null;
    this.record = record;
    record.openMicrophone = (request, native) => this.open(request, native);
    record.view.navigator.mediaDevices?.addEventListener("devicechange", () => this.changed());
  }

  get constraints() {
    return this.deviceId ? { ...this.requested, deviceId: { exact: this.deviceId } } : { ...this.requested };
  }

  async open(request, native) {
    if (this.silent) return this.silentStream();
    // The browser was asked before START was pressed.
    if (this.live) return this.stream;
    return this.request(request, native);
  }

  async request(request, native) {
    this.asking = true;
    this.problem = "";
    this.changed();
    try {
      const stream = await this.ask(request, native);
      this.adopt(stream);
      return stream;
    } catch (error) {
      this.problem = error.name;
      throw error;
    } finally {
      this.asking = false;
      this.changed();
    }
  }

  async ask(request, native) {
    try {
      return await native({ ...request, audio: this.constraints });
    } catch (error) {
      if (!this.deviceId || !["OverconstrainedError", "NotFoundError"].includes(error.name)) throw error;
      this.remember("");
      return native({ ...request, audio: this.constraints });
    }
  }

  adopt(stream) {
    this.stream = stream;
    this.track = stream.getAudioTracks()[0];
    this.track.enabled = !this.muted;
    this.track.addEventListener("ended", () => this.changed());
    this.listen();
  }

  get live() {
    return this.track?.readyState === "live";
  }

  senderOf(track) {
    return this.record?.latest?.getSenders().find((one) => track && one.track === track);
  }

  silentStream() {
    if (this.silence?.stream.active) return this.silence.stream;
    this.endSilence();
    const context = new this.record.view.AudioContext({ latencyHint: "playback" });
    const source = context.createConstantSource();
    source.offset.value = 0;
    const { stream } = source.connect(context.createMediaStreamDestination());
    source.start();
    this.silence = { context, stream };
    // Without a click on this page before, the browser holds even silence back.
    if (context.state === "suspended") document.addEventListener("click", () => context.resume(), { once: true });
    return stream;
  }

  endSilence() {
    this.silence?.context.close();
    this.silence = null;
  }

  // From silence to the microphone, on the connection as it is. Says whether the browser gave the microphone.
  async speak() {
    if (!this.silent) return this.live || !this.record.latest;
    try {
      const stream = await this.request({ audio: true, video: false }, this.record.getUserMedia);
      await this.senderOf(this.silence?.stream.getAudioTracks()[0])?.replaceTrack(stream.getAudioTracks()[0]);
      this.silent = false;
    } catch (error) {
      console.debug("the microphone cannot be had", error.name);
    }
    this.changed();
    return !this.silent;
  }

  // Back to silence; the browser sees the microphone released.
  async hush() {
    this.problem = "";
    if (this.silent) return;
    this.silent = true;
    const sender = this.senderOf(this.track);
    this.track?.stop();
    this.changed();
    await sender?.replaceTrack(this.silentStream().getAudioTracks()[0]);
  }

  // Takes effect at once when the microphone is open, else at the next START. A choice that fails is taken back.
  async choose({ deviceId = this.deviceId, requested = this.requested }) {
    const former = { deviceId: this.deviceId, requested: this.requested };
    const sender = this.live && this.senderOf(this.track);
    this.remember(deviceId);
    this.requested = requested;
    if (sender && !(await this.reopen(sender))) {
      this.remember(former.deviceId);
      this.requested = former.requested;
      await this.reopen(sender);
    }
    this.changed();
  }

  // A device that is open keeps its processing for everybody who asks, so it is closed first.
  async reopen(sender) {
    this.track.stop();
    try {
      await this.record.view.navigator.mediaDevices.getUserMedia({ audio: true, video: false });
      await sender.replaceTrack(this.track);
      return true;
    } catch (error) {
      console.debug("the microphone could not be opened again", error.name);
      return false;
    }
  }

  mute(muted) {
    this.muted = muted;
    if (this.track) this.track.enabled = !muted;
    this.changed();
  }

  get settings() {
    return this.live ? this.track.getSettings() : null;
  }

  async devices() {
    const all = (await this.record?.view.navigator.mediaDevices?.enumerateDevices()) ?? [];
    const pseudo = ["", "default", "communications"];
    return all.filter((device) => device.kind === "audioinput" && !pseudo.includes(device.deviceId));
  }

  listen() {
    this.deafen();
    const { AudioContext } = this.record.view;
    this.context = new AudioContext({ latencyHint: "playback" });
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 2048;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.context.createMediaStreamSource(this.stream).connect(this.analyser);
  }

  deafen() {
    this.context?.close();
    this.context = this.analyser = null;
  }

  // 0 is silence, 1 full scale, even steps of decibels between. Null without a microphone.
  level() {
    if (!this.analyser || !this.live) return null;
    this.analyser.getFloatTimeDomainData(this.samples);
    const power = this.samples.reduce((sum, value) => sum + value * value, 0) / this.samples.length;
    const db = 10 * Math.log10(power + 1e-12);
    return Math.min(1, Math.max(0, 1 - db / SILENCE_DB));
  }

  remember(deviceId) {
    this.deviceId = deviceId;
    try {
      if (deviceId) localStorage.setItem(DEVICE_MEMORY, deviceId);
      else localStorage.removeItem(DEVICE_MEMORY);
    } catch (error) {
      console.debug("the choice of microphone is not remembered", error.name);
    }
  }

  changed() {
    if (!this.live) this.deafen();
    this.dispatchEvent(new Event("change"));
  }
}

function remembered() {
  try {
    return localStorage.getItem(DEVICE_MEMORY) ?? "";
  } catch {
    return "";
  }
}
