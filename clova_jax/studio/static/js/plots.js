// Draws plots in SVG: stacked bars and lines over the same buckets of time. Colours are classes; figures are in tables too.
import { h } from "./dom.js";
import { say, unsay } from "./words.js";

const SPACE = "http://www.w3.org/2000/svg";
const HEIGHT = 168;
const EDGE = { top: 10, right: 4, bottom: 22, left: 44 };
const LINES = 3; // of the grid, beside the one at zero
const LABEL_WIDTH = 76;

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// The least of 1, 2, 5, 10, 20 … whose multiples reach over a value in so many steps.
export function stepOver(value, steps = LINES) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value / steps));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one * steps >= value * (1 - 1e-9));
}

// A figure with a title, a legend, a plot and what the pointer is at. `series`: [{word, kind, line}], where `values` of
// `draw` has a list for each; `shown` and `axis` write a value at the pointer and on the axis; `whole` values have no halves.
export class Plot {
  constructor({ title, series, shown, axis = shown, whole = false }) {
    Object.assign(this, { series, shown, axis, whole, buckets: [], values: [] });
    this.place = h("div", { class: "plot-area" });
    this.at = h("p", { class: "plot-at", "aria-hidden": "true" });
    const key = (one) => h("li", {}, h("span", { class: `swatch ${one.kind}`, "aria-hidden": "true" }), h("span", { word: one.word }));
    const legend = series.length > 1 ? h("ul", { class: "legend-list" }, ...series.map(key)) : null;
    this.element = h("figure", { class: "card plot" }, h("figcaption", {}, h("h3", { word: title }), this.at), this.place, legend);
    this.title = title;
    new ResizeObserver(() => this.render()).observe(this.place);
  }

  // `buckets`: [{name, label}] in order; `values`: a list for each series, null where there is nothing.
  draw(buckets, values) {
    Object.assign(this, { buckets, values });
    this.render(true);
  }

  get stacked() {
    return !this.series[0].line;
  }

  get most() {
    const sums = this.buckets.map((_, at) => {
      const here = this.values.map((list) => list[at] ?? 0);
      return this.stacked ? here.reduce((sum, one) => sum + one, 0) : Math.max(...here);
    });
    return Math.max(0, ...sums);
  }

  render(anew = false) {
    const width = Math.floor(this.place.clientWidth);
    if (!width || !this.buckets.length || (!anew && width === this.width)) return;
    this.width = width;
    const step = Math.max(stepOver(this.most), this.whole ? 1 : 0);
    const top = step * LINES;
    const inner = { width: width - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };
    const x = (at) => EDGE.left + (inner.width * at) / this.buckets.length;
    const y = (value) => EDGE.top + inner.height * (1 - value / top);
    const image = svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img" });
    say(image, this.title, {}, "label");
    for (let line = 0; line <= LINES; line += 1) {
      const height = y(line * step);
      image.append(svg("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: height, y2: height }));
      image.append(svg("text", { class: "axis", x: EDGE.left - 6, y: height + 4, "text-anchor": "end" }, this.axis(line * step)));
    }
    image.append(...(this.stacked ? this.bars(x, y) : this.curves(x, y)), ...this.labels(x, inner.width), ...this.hovers(x, inner));
    this.place.replaceChildren(image);
  }

  bars(x, y) {
    const gap = Math.min(3, (x(1) - x(0)) * 0.2);
    const marks = [];
    this.buckets.forEach((_, at) => {
      let below = 0;
      this.series.forEach((one, number) => {
        const value = this.values[number][at] ?? 0;
        if (!value) return;
        const [low, high] = [y(below), y(below + value)];
        marks.push(svg("rect", { class: one.kind, x: x(at) + gap / 2, width: Math.max(1, x(1) - x(0) - gap), y: high, height: Math.max(1, low - high) }));
        below += value;
      });
    });
    return marks;
  }

  // A line breaks where nothing was measured; a bucket that stands alone is a dot.
  curves(x, y) {
    const marks = [];
    const middle = (at) => x(at + 0.5).toFixed(1);
    this.series.forEach((one, number) => {
      const list = this.values[number];
      let points = [];
      const end = () => {
        if (points.length > 1) marks.push(svg("polyline", { class: one.kind, points: points.join(" ") }));
        points = [];
      };
      list.forEach((value, at) => {
        if (value == null) return end();
        points.push(`${middle(at)},${y(value).toFixed(1)}`);
        if (list.length < 40 || (list[at - 1] == null && list[at + 1] == null)) marks.push(svg("circle", { class: one.kind, cx: middle(at), cy: y(value), r: 2.5 }));
      });
      end();
    });
    return marks;
  }

  labels(x, width) {
    const every = Math.max(1, Math.ceil(this.buckets.length / Math.max(1, Math.floor(width / LABEL_WIDTH))));
    const found = [];
    for (let at = 0; at < this.buckets.length; at += every) {
      if (x(at) + LABEL_WIDTH / 2 > EDGE.left + width && at) break;
      found.push(svg("text", { class: "axis", x: x(at), y: HEIGHT - 6 }, this.buckets[at].label));
    }
    return found;
  }

  hovers(x, inner) {
    return this.buckets.map((bucket, at) => {
      const band = svg("rect", { class: "band", x: x(at), y: EDGE.top, width: x(1) - x(0), height: inner.height });
      band.addEventListener("pointerenter", () => (this.at.textContent = `${bucket.name} · ${this.said(at)}`));
      band.addEventListener("pointerleave", () => unsay(this.at));
      return band;
    });
  }

  said(at) {
    return this.values.map((list) => (list[at] == null ? "–" : this.shown(list[at]))).join(" / ");
  }
}
