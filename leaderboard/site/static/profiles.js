// Performance profiles and survival of a world's learners.
"use strict";

const told = JSON.parse(document.getElementById("profile-data").textContent);
const colours = { domain: told.map(({ name }) => name), range: told.map(({ colour }) => colour) };

const levels = d3.range(-0.2, 1.301, 0.01);
const shares = told.flatMap(({ name, scores }) =>
  levels.map((level) => ({ name, level, share: d3.mean(scores, (score) => score > level) })),
);
show("profiles", {
  height: 340,
  grid: true,
  color: { ...colours, legend: true },
  x: { label: "score" },
  y: { label: "share of runs above it", percent: true },
  marks: [Plot.lineY(shares, { x: "level", y: "share", stroke: "name", curve: "step" })],
});
show("survival", {
  marginLeft: 150,
  color: colours,
  x: { label: "episodes that did not end early", percent: true, domain: [0, 100] },
  y: { label: null, domain: colours.domain },
  marks: [Plot.barX(told, { x: "survival", y: "name", fill: "name" }), Plot.ruleX([0])],
});
