// The tensors of a picture, each drawn when it comes into sight, and the cycles in which it is made.

const TILE = 64; // pixels that a channel has at least, where it is smaller
const GAP = 4;
const dark = matchMedia("(prefers-color-scheme: dark)");

function element(name, kind, text = "") {
  const made = document.createElement(name);
  made.className = kind;
  made.textContent = text;
  return made;
}

const count = (number) => number.toLocaleString("en");

// Zero is the paper, so that what is far from it stands out.
function colour(value, tensor, data) {
  if (!tensor.signed) {
    const high = tensor.few ? 2 ** tensor.bits - 1 : Math.max(data.high, 1);
    const grey = Math.round((255 * value) / high);
    return [grey, grey, grey];
  }
  const zero = dark.matches ? [27, 29, 32] : [247, 247, 245];
  const ends = dark.matches ? [[108, 178, 255], [255, 154, 118]] : [[31, 102, 172], [178, 24, 43]];
  const part = Math.abs(value) / Math.max(-data.low, data.high, 1);
  return zero.map((from, n) => Math.round(from + part * (ends[value < 0 ? 0 : 1][n] - from)));
}

// Sums and scores of large networks have more than 32 bits; doubles hold up to 53 of them.
export function integers(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 8 }, (_, n) => Number(view.getBigInt64(8 * n, true)));
}

export class Layers {
  constructor(page, ask, network) {
    this.page = page;
    this.ask = ask;
    this.network = network;
    this.look = null;
    this.sight = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) this.load(this.rows[Number(entry.target.dataset.number)]);
    }, { rootMargin: "400px" });
    this.rows = network.tensors.map((tensor, number) => this.row(tensor, number));
    page("layers").replaceChildren(...this.rows.map((row) => row.item));
    dark.addEventListener("change", () => this.redraw());
    addEventListener("resize", () => this.redraw());
  }

  row(tensor, number) {
    const item = element("li", "");
    item.dataset.number = number;
    const head = element("div", "head");
    const when = element("span", "when");
    const track = element("span", "track");
    const [ahead, done] = [element("i", "ahead"), element("i", "done")];
    track.append(ahead, done);
    head.append(element("span", "name", tensor.name), element("span", "kind", `${tensor.kind} ${tensor.type}`), track, when);
    const tiles = element("div", "tiles");
    item.append(head, tiles);
    track.hidden = true;
    return { tensor, number, item, tiles, track, ahead, done, when, data: null, of: null, open: false };
  }

  // A new picture: all is read again, what is in sight first.
  show(look) {
    this.look = look;
    for (const row of this.rows) {
      this.sight.unobserve(row.item);
      this.sight.observe(row.item);
    }
  }

  async load(row) {
    const look = this.look;
    if (look === null || row.of === look) return;
    row.of = look;
    try {
      const data = await this.ask(`/api/tensor/${look}/${row.number}/0`);
      if (this.look !== look) return;
      row.data = { ...data, values: integers(data.values) };
      this.draw(row);
      if (row.number === 0) this.drawSeen(row);
    } catch (error) {
      row.tiles.replaceChildren(element("p", "quiet", error.message));
    }
  }

  redraw() {
    for (const row of this.rows) if (row.data) this.draw(row);
  }

  drawSeen({ tensor, data }) {
    const [height, width, colours] = tensor.shape;
    const canvas = this.page("seen");
    [canvas.width, canvas.height] = [width, height];
    const image = new ImageData(width, height);
    for (let n = 0; n < width * height; n++) {
      for (let c = 0; c < 3; c++) image.data[4 * n + c] = data.values[(c % colours) * width * height + n];
      image.data[4 * n + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    canvas.setAttribute("aria-label", `The picture as the network sees it, ${width} by ${height} pixels`);
    this.page("seen-figure").hidden = false;
  }

  draw(row) {
    const [height, width] = row.tensor.shape;
    if (height * width === 1) this.drawNumbers(row);
    else this.drawTiles(row);
  }

  drawNumbers(row) {
    const classes = this.network.classes;
    const list = element("ul", "numbers");
    for (let n = 0; n < row.data.count; n++) {
      const entry = element("li", "");
      const name = row.tensor.shape[2] === classes.length ? classes[n] : `${n}`;
      entry.append(element("b", "", row.data.count > 1 ? name : ""), count(row.data.values[n]));
      list.append(entry);
    }
    row.tiles.replaceChildren(list);
  }

  drawTiles(row) {
    const { tensor, data } = row;
    const [height, width] = tensor.shape;
    const wide = row.tiles.clientWidth + GAP;
    const planes = tensor.planes ?? 0; // a row of its own for those of each colour, where there is room
    let factor = Math.max(Math.floor(TILE / Math.max(height, width)), 1);
    while (factor > 1 && planes * (factor * width + GAP) > wide) factor--;
    const [across, down] = [factor * width + GAP, factor * height + GAP];
    const room = Math.max(Math.floor(wide / across), 1);
    let columns = planes || room;
    for (let n = 1; columns > room; n++) columns = Math.ceil(planes / n);
    const lines = Math.ceil(data.count / columns);
    const few = tensor.planes ? lines : Math.min(lines, row.open ? lines : 1);
    const canvas = document.createElement("canvas");
    canvas.width = Math.min(columns, data.count) * across - GAP;
    canvas.height = few * down - GAP;
    canvas.setAttribute("role", "img");
    const what = `${count(data.count)} channels of ${width} by ${height}, values ${count(data.low)} to ${count(data.high)}`;
    canvas.setAttribute("aria-label", `${tensor.name}: ${what}`);
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    const tile = new OffscreenCanvas(width, height);
    const image = new ImageData(width, height);
    const size = height * width;
    for (let channel = 0; channel < Math.min(few * columns, data.count); channel++) {
      for (let n = 0; n < size; n++) {
        image.data.set([...colour(data.values[channel * size + n], tensor, data), 255], 4 * n);
      }
      tile.getContext("2d").putImageData(image, 0, 0);
      context.drawImage(tile, (channel % columns) * across, Math.floor(channel / columns) * down, factor * width, factor * height);
    }
    canvas.addEventListener("pointermove", (event) => {
      const channel = Math.floor(event.offsetY / down) * columns + Math.floor(event.offsetX / across);
      const [x, y] = [Math.floor((event.offsetX % across) / factor), Math.floor((event.offsetY % down) / factor)];
      const inside = x < width && y < height && channel < data.count;
      const told = `channel ${channel}, row ${y}, column ${x}: ${count(data.values[channel * size + y * width + x] ?? 0)}`;
      this.tell(inside ? told : "", event);
    });
    canvas.addEventListener("pointerleave", (event) => this.tell("", event));
    const parts = [canvas];
    if (few < lines || row.open) {
      const more = element("button", "", row.open ? "fewer" : `all ${count(data.count)} channels`);
      more.type = "button";
      more.setAttribute("aria-expanded", String(row.open));
      more.setAttribute("aria-label", `${more.textContent} of ${tensor.name}`);
      more.addEventListener("click", () => {
        row.open = !row.open;
        this.draw(row);
        row.tiles.querySelector("button")?.focus();
      });
      parts.push(more);
    }
    if (data.count < tensor.shape[2]) parts.push(element("p", "quiet", `The first ${count(data.count)} of ${count(tensor.shape[2])} channels.`));
    row.tiles.replaceChildren(...parts);
  }

  tell(text, event) {
    const value = this.page("value");
    value.hidden = !text;
    value.textContent = text;
    value.style.left = `${Math.min(event.clientX + 12, innerWidth - value.offsetWidth - 8)}px`;
    value.style.top = `${event.clientY + 16}px`;
  }

  // In which cycles each tensor is made; ``cycles`` as the server tells them.
  time(cycles) {
    for (const row of this.rows) {
      const span = cycles.spans[row.tensor.name];
      row.span = span;
      if (!span) continue;
      row.track.hidden = false;
      row.when.textContent = `cycles ${count(span[0])} to ${count(span[1])}`;
      row.ahead.style.left = row.done.style.left = `${(100 * span[0]) / cycles.latency}%`;
      row.ahead.style.width = `max(2px, ${(100 * (span[1] - span[0])) / cycles.latency}%)`;
    }
  }

  at(cycle, latency) {
    for (const row of this.rows) {
      if (!row.span) continue;
      const [first, last] = row.span;
      const done = Math.min(Math.max(cycle - first, 0), last - first);
      row.done.style.width = cycle > first ? `max(2px, ${(100 * done) / latency}%)` : "0";
      row.item.classList.toggle("works", cycle >= first && cycle < last);
    }
  }
}
