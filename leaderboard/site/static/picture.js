// A plot as a picture: its place has one name for readers who do not see it, and so no part has another.
"use strict";

function show(id, options) {
  const place = document.getElementById(id);
  const plot = Plot.plot({ width: Math.min(760, place.clientWidth || 760), ...options });
  for (const part of plot.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  place.append(plot);
}
