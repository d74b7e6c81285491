// Pictures made on the page: a pad to draw on, by pointer or by keys, and the camera.

const STEP = 8; // pixels that an arrow key moves the pen
const SIDE = 320; // pixels of the pad's longer side

export function png(canvas) {
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

export class Pad {
  constructor(page, shape, changed) {
    this.canvas = page("pad");
    this.page = page;
    this.changed = changed;
    const [height, width] = shape;
    const scale = SIDE / Math.max(height, width);
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.drawing = document.createElement("canvas"); // without the pen's mark
    this.drawing.width = this.canvas.width;
    this.drawing.height = this.canvas.height;
    this.ink = this.drawing.getContext("2d", { alpha: false });
    this.at = [this.canvas.width / 2, this.canvas.height / 2];
    this.down = false;
    this.clear();
    this.canvas.addEventListener("pointerdown", (event) => this.pointer(event, true));
    this.canvas.addEventListener("pointermove", (event) => this.pointer(event, false));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => this.lift());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    for (const event of ["focus", "blur"]) this.canvas.addEventListener(event, () => this.show());
    page("clear").addEventListener("click", () => this.clear());
    page("paper").addEventListener("change", () => this.clear());
  }

  clear() {
    this.ink.fillStyle = this.page("paper").value;
    this.ink.fillRect(0, 0, this.drawing.width, this.drawing.height);
    this.show();
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) * this.canvas.width) / box.width,
      ((event.clientY - box.top) * this.canvas.height) / box.height,
    ];
  }

  pointer(event, begins) {
    if (begins) {
      this.canvas.setPointerCapture(event.pointerId);
      this.at = this.place(event);
      this.down = true;
    } else if (!this.down || !this.canvas.hasPointerCapture(event.pointerId)) return;
    this.line(this.place(event));
  }

  lift() {
    if (this.down) {
      this.down = false;
      this.changed();
    }
  }

  line(to) {
    this.ink.strokeStyle = this.page("ink").value;
    this.ink.lineWidth = (Number(this.page("width").value) * this.canvas.width) / 100;
    this.ink.lineCap = this.ink.lineJoin = "round";
    this.ink.beginPath();
    this.ink.moveTo(...this.at);
    this.ink.lineTo(...to);
    this.ink.stroke();
    this.at = to;
    this.show();
  }

  key(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (event.key === " ") {
      this.down = !this.down;
      if (this.down) this.line(this.at);
      else this.changed();
    } else if (way) {
      const ends = [this.canvas.width, this.canvas.height];
      const to = this.at.map((value, axis) => Math.min(Math.max(value + STEP * way[axis], 0), ends[axis]));
      if (this.down) this.line(to);
      else this.at = to;
    } else return;
    event.preventDefault();
    this.page("pen").textContent = this.down ? "The pen is down." : "The pen is up.";
    this.show();
  }

  show() {
    this.context.drawImage(this.drawing, 0, 0);
    if (document.activeElement !== this.canvas || !this.canvas.matches(":focus-visible")) return;
    this.context.strokeStyle = this.page("ink").value;
    this.context.lineWidth = 2;
    this.context.beginPath();
    this.context.arc(...this.at, this.down ? 4 : 9, 0, 2 * Math.PI);
    this.context.stroke();
  }

  picture() {
    return png(this.drawing);
  }
}

export class Camera {
  constructor(page, shape) {
    this.video = page("video");
    this.shape = shape;
    this.video.style.aspectRatio = `${shape[1]} / ${shape[0]}`;
  }

  async begin() {
    if (!navigator.mediaDevices) throw new Error("this browser gives no page a camera");
    try {
      this.video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch (error) {
      throw new Error(`the camera cannot be had (${error.message})`);
    }
  }

  end() {
    for (const track of this.video.srcObject?.getTracks() ?? []) track.stop();
    this.video.srcObject = null;
  }

  // What the frame on the page shows: the middle of what the camera sees.
  picture() {
    const [wide, high] = [this.video.videoWidth, this.video.videoHeight];
    if (!wide) throw new Error("the camera has not given a picture yet");
    const [rows, columns] = this.shape;
    const scale = Math.min(wide / columns, high / rows);
    const canvas = document.createElement("canvas");
    canvas.width = Math.floor(columns * scale);
    canvas.height = Math.floor(rows * scale);
    const [left, top] = [(wide - canvas.width) / 2, (high - canvas.height) / 2];
    canvas.getContext("2d", { alpha: false }).drawImage(this.video, left, top, canvas.width, canvas.height, 0, 0, canvas.width, canvas.height);
    return png(canvas);
  }
}
