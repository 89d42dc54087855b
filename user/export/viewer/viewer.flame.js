// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The flame graph in its place: what of it is seen, where each box is, what is
 * pointed at and selected.
 *
 * The canvas is as large as what is seen of it, never as the whole graph: a
 * browser draws nothing on one higher than 32767 px. It sticks to the top of a
 * scrolling box ("ground") that has the graph's real height. Hover and selection
 * are two elements laid over the canvas; they cost no drawing.
 */
const ZOOM_MS = 160;

class FlameView {
	constructor(tree, palette, layout) {
		this.tree = tree;
		this.layout = layout;
		this.box = byId("flame");
		this.ground = byId("ground");
		this.canvas = byId("canvas");
		this.painter = new Painter(tree, palette, this.canvas);
		this.rings = {hover: byId("ring-hover"), selected: byId("ring-selected")};
		this.marked = {hover: -1, selected: -1};
		this.icicle = false;
		this.zoom = 0;
		this.search = null; /* the Search whose matches stand out */
		this.range = {from: 0, to: 1};
		this.height = this.seen = 0;
		this.move = null;
		this.pending = 0;
		this.calm = matchMedia("(prefers-reduced-motion: reduce)");
		/* As high as the whole graph needs, where the window allows it; zooming changes nothing. */
		this.box.style.setProperty("--graph", tree.rows * ROW + "px");
		this.below = 0; /* px between the lower end of what is seen and the graph's */
		this.box.addEventListener("scroll", () => {
			/* While the box changes its size, the browser scrolls, not the reader. */
			if (this.box.clientHeight === this.seen)
				this.below = this.height - this.box.scrollTop - this.seen;
			this.redraw();
		});
		new ResizeObserver(() => this.resize()).observe(this.box);
	}

	/* Shows @layout, zoomed to @node. Another unit is another picture: no motion. */
	show(layout, node) {
		this.layout = layout;
		this.zoomTo(node, false);
	}

	zoomTo(node, animate) {
		const slot = this.layout.slotOf[node];
		const {x0, x1} = this.layout;
		const target = slot < 0 ? {from: 0, to: 1} : {from: x0[slot], to: x1[slot]};

		this.zoom = slot < 0 ? 0 : node;
		if (animate && !this.calm.matches)
			this.move = {start: performance.now(), from: this.range, to: target};
		else
			this.move = null;
		if (!this.move)
			this.range = target;
		this.resize();
	}

	setIcicle(icicle) {
		this.icicle = icicle;
		this.resize();
		this.scrollTo(0);
	}

	/* --- geometry ------------------------------------------------------------ */

	/* Rows that the zoomed box and its callees reach. */
	rowsShown() {
		const slot = this.layout.slotOf[this.zoom];

		return slot < 0 ? 0 : this.tree.depth[this.zoom] + this.layout.height[slot] + 1;
	}

	resize() {
		const {box} = this;
		this.seen = box.clientHeight;
		this.width = box.clientWidth;
		this.height = Math.max(this.rowsShown() * ROW, this.seen);
		this.ground.style.height = this.height + "px";
		/*
		 * A flame stands on its root: what is below stays below. Not computed here,
		 * because a box that grew has already moved its contents.
		 */
		if (!this.icicle)
			box.scrollTop = this.height - this.seen - this.below;
		this.painter.resize(this.width, this.seen, window.devicePixelRatio || 1);
		this.redraw();
	}

	yOf(row) {
		return this.icicle ? row * ROW : this.height - (row + 1) * ROW;
	}

	rowAt(y) {
		return Math.floor((this.icicle ? y : this.height - y) / ROW);
	}

	get scale() {
		return this.width / (this.range.to - this.range.from);
	}

	/* Left edge and width in px, cut to what is seen; null outside of it. */
	span(node) {
		const slot = this.layout.slotOf[node];

		if (slot < 0)
			return null;
		const left = Math.max(0, (this.layout.x0[slot] - this.range.from) * this.scale);
		const right = Math.min(this.width, (this.layout.x1[slot] - this.range.from) * this.scale);

		return right > left ? {left, width: right - left} : null;
	}

	/* The node under a point of the window, or -1. */
	nodeAt(clientX, clientY) {
		const r = this.canvas.getBoundingClientRect();
		const row = this.rowAt(clientY - r.top + this.box.scrollTop);

		if (row >= this.rowsShown())
			return -1;
		return this.layout.at(row, this.range.from + (clientX - r.left) / this.scale);
	}

	/* Where a node is in the window, for tooltips and tests; null when out of range. */
	rectOf(node) {
		const span = this.span(node);
		const r = this.canvas.getBoundingClientRect();

		return span && {
			x: r.left + span.left, width: span.width,
			y: r.top + this.yOf(this.tree.depth[node]) - this.box.scrollTop, height: ROW,
		};
	}

	scrollTo(row) {
		const y = this.yOf(row);
		const {scrollTop, clientHeight} = this.box;

		/* Two rows of context, where the graph goes on. */
		if (y < scrollTop + 2 * ROW)
			this.box.scrollTop = y - 2 * ROW;
		else if (y + 3 * ROW > scrollTop + clientHeight)
			this.box.scrollTop = y + 3 * ROW - clientHeight;
	}

	/* --- hover and selection ------------------------------------------------- */

	mark(which, node) {
		this.marked[which] = node;
		this.placeRing(which);
	}

	placeRing(which) {
		const ring = this.rings[which];
		const node = this.marked[which];
		const span = node < 0 || this.tree.depth[node] >= this.rowsShown() ? null : this.span(node);

		ring.hidden = !span;
		ring.classList.toggle("root", node === 0);
		if (!span)
			return;
		ring.style.transform = `translate(${span.left}px, ${this.yOf(this.tree.depth[node])}px)`;
		ring.style.width = Math.max(3, span.width - 1) + "px";
	}

	/* --- drawing ------------------------------------------------------------- */

	redraw() {
		if (!this.pending)
			this.pending = requestAnimationFrame(now => this.frame(now));
	}

	frame(now) {
		this.pending = 0;
		if (this.move) {
			const t = Math.min(1, Math.max(0, now - this.move.start) / ZOOM_MS);
			const eased = 1 - (1 - t) ** 3;
			const between = (a, b) => a + (b - a) * eased;

			this.range = t === 1 ? this.move.to : {
				from: between(this.move.from.from, this.move.to.from),
				to: between(this.move.from.to, this.move.to.to),
			};
			if (t === 1)
				this.move = null;
			else
				this.redraw();
		}
		this.paint();
	}

	paint() {
		const top = this.box.scrollTop;
		const a = this.rowAt(top), b = this.rowAt(top + this.seen - 1);
		const first = Math.max(0, Math.min(a, b));
		const last = Math.min(Math.max(a, b), this.rowsShown() - 1);
		const rows = Array.from({length: Math.max(0, last - first + 1)},
					(_, i) => this.icicle ? first + i : last - i);

		this.painter.paint({
			layout: this.layout, rows, y: rows.length ? this.yOf(rows[0]) - top : 0,
			from: this.range.from, to: this.range.to,
			depth: this.tree.depth[this.zoom], search: this.search,
		});
		this.placeRing("hover");
		this.placeRing("selected");
	}
}
