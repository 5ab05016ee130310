// The learning curve of a row.
"use strict";

const points = JSON.parse(document.getElementById("curves").textContent).flatMap(({ seed, steps, returns }) =>
  steps.map((step, bin) => ({ seed, step, mean: returns[bin] })).filter(({ mean }) => mean !== null),
);
show("curve", {
  height: 300,
  grid: true,
  x: { label: "environment steps", tickFormat: "s" },
  y: { label: "mean return" },
  marks: [Plot.lineY(points, { x: "step", y: "mean", z: "seed", stroke: "currentColor", strokeOpacity: 0.6 })],
});
