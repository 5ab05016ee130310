// Whatever scrolls sideways can be reached with the keyboard.
"use strict";

function reach() {
  for (const place of document.querySelectorAll("pre, .table-wrapper, div.math")) {
    if (place.scrollWidth > place.clientWidth) place.tabIndex = 0;
    else place.removeAttribute("tabindex");
  }
}

addEventListener("load", reach);
addEventListener("resize", reach);
