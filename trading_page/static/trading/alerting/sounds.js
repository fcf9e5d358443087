// Short sounds, made by the browser as they are played: there are no files of them.

/** @typedef {"alert" | "fill"} SoundName */

/** @type {Record<SoundName, number[]>} Tones in hertz, one after the other. */
const TONES = { alert: [880, 1_175, 880, 1_175], fill: [660, 990] };
const TONE_S = 0.12;
const APART_S = 0.4; // sounds that would begin sooner are one with the one before
const LOUDNESS = 0.2;

/** @type {AudioContext | null} */
let context = null;
let freeAt = 0;

/**
 * Plays a sound. A browser allows it once the visitor has done something on the page; until then
 * there is silence.
 *
 * @param {SoundName} name
 */
export async function play(name) {
  if (navigator.userActivation && !navigator.userActivation.hasBeenActive) return;
  context ??= new AudioContext();
  if (context.state === "suspended") await context.resume();
  const start = context.currentTime;
  if (start < freeAt) return;
  freeAt = start + APART_S;
  for (const [index, hertz] of TONES[name].entries()) tone(context, hertz, start + index * TONE_S);
}

/**
 * @param {AudioContext} to
 * @param {number} frequency
 * @param {number} start
 */
function tone(to, frequency, start) {
  const end = start + TONE_S;
  const gain = new GainNode(to, { gain: 0 });
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(LOUDNESS, start + 0.01);
  gain.gain.exponentialRampToValueAtTime(0.001, end);
  const oscillator = new OscillatorNode(to, { type: "triangle", frequency });
  oscillator.connect(gain).connect(to.destination);
  oscillator.start(start);
  oscillator.stop(end);
}
