"""How far each text of a page stands out from its ground, for tests in a browser."""

from __future__ import annotations

#: JavaScript: of each text the contrast ratio, its class, and how it begins.
CONTRASTS = """() => {
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const luminance = (color) => {
  canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
  const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((v) => {
    const x = v / 255; return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (node) => {
  for (let n = node; n; n = n.parentElement) {
    const color = getComputedStyle(n).backgroundColor;
    if (color !== "rgba(0, 0, 0, 0)") return color;
  }
};
const texts = document.querySelectorAll("main p, main td, main th, main .span, main .chip, .contents a");
return [...texts].map((node) => {
  const [a, b] = [getComputedStyle(node).color, ground(node)].map(luminance).sort((x, y) => y - x);
  return [(a + 0.05) / (b + 0.05), node.className, node.textContent.slice(0, 40)];
});
}
"""
