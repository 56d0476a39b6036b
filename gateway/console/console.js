// What moves on the console's pages.  Without it they can be read all the same.
"use strict";

// Test first: a file is read into the field, where it can be seen before it is sent.
const file = document.getElementById("file");
if (file) {
  document.getElementById("upload").hidden = false;
  file.addEventListener("change", async () => {
    if (file.files.length > 0) document.getElementById("policy").value = await file.files[0].text();
  });
}

// Now: each group of columns of a table becomes a plot.  What draws is there unless the build had no npm.
function load(tag, attributes) {
  return new Promise((done, failed) => {
    const element = Object.assign(document.createElement(tag), attributes, { onload: done, onerror: failed });
    document.head.append(element);
  });
}

function ink(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// Sixteen lines can be told apart, and the first four without their colour.
const dashes = [[], [6, 3], [2, 3], [10, 3, 2, 3]];
const colours = ["--bar", "--bad", "--good", "--quiet"];

function draw(box, title, times, span, lines) {
  const axis = { stroke: ink("--ink"), grid: { stroke: ink("--line"), width: 1 }, ticks: { stroke: ink("--line") } };
  const series = lines.map((line, i) => ({
    label: line.label, stroke: ink(colours[i % 4]), dash: dashes[(i + (i >> 2)) % 4], width: 2, points: { show: times.length < 3 },
  }));
  const end = times.at(-1);
  const size = () => ({ width: box.clientWidth, height: 240 });
  const plot = new uPlot({ title, ...size(), axes: [axis, { ...axis, size: 60 }], series: [{}, ...series],
    scales: { x: { range: () => [end - span, end] }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } } },
    [times, ...lines.map((line) => line.values)], box);
  addEventListener("resize", () => plot.setSize(size()));
}

function drawAll(details) {
  const table = details.querySelector("table");
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent));
  const times = rows.map((row) => Date.parse(row[0]) / 1000);
  const place = document.createElement("div");
  place.className = "drawn";
  details.before(place);
  const plots = new Map();
  [...table.tHead.rows[0].cells].forEach((head, i) => {
    if (!head.dataset.plot) return;
    const lines = plots.get(head.dataset.plot) ?? [];
    plots.set(head.dataset.plot, [...lines, { label: head.dataset.label, values: rows.map((row) => Number(row[i])) }]);
  });
  const boxes = [...plots].map(() => document.createElement("div"));
  place.append(...boxes);       // all of them, before any is measured
  [...plots].forEach(([title, lines], i) => draw(boxes[i], title, times, Number(details.dataset.span), lines));
}

const tables = document.querySelectorAll("details.plots");
if (tables.length > 0) {
  Promise.all([load("link", { rel: "stylesheet", href: "/console/uplot.css" }), load("script", { src: "/console/uplot.js" })])
    .then(() => tables.forEach(drawAll), () => tables.forEach((details) => { details.open = true; }));
}
