/** One rectangle without buffers: the corner comes from the vertex number. */
export const quadVertexShader = `#version 300 es
uniform vec4 uRect; // left, top, right, bottom in clip space
out vec2 vTexture;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  vTexture = corner;
  gl_Position = vec4(mix(uRect.x, uRect.z, corner.x), mix(uRect.y, uRect.w, corner.y), 0.0, 1.0);
}`

export const imageFragmentShader = `#version 300 es
precision highp float;
uniform sampler2D uImage;
in vec2 vTexture;
out vec4 colour;
void main() {
  colour = vec4(texture(uImage, vTexture).rgb, 1.0);
}`

/**
 * The masks of one mask tile. Its own slots are looked up directly, those of neighbours across its border
 * through the index texture (one texel per mask tile), so that outlines do not stop at borders. Nothing here is filtered: slots are names, not amounts.
 * A proposal has a hatched fill and a broken outline, the selected annotation a white and black one:
 * never told apart by colour alone.
 */
export const maskFragmentShader = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
precision highp usampler2DArray;
uniform usampler2D uIndex;
uniform usampler2DArray uTiles;
uniform usampler2D uPalette;
uniform ivec2 uSize;     // image pixels
uniform vec2 uOffset;    // device pixels, y down
uniform float uScale;    // device pixels per image pixel
uniform float uHeight;   // device pixels
uniform float uRatio;    // device pixels per CSS pixel
uniform float uOpacity;
uniform ivec2 uTile;     // the mask tile that is drawn
uniform ivec3 uCell;     // where its slots begin in uTiles
out vec4 colour;

const uint HIDDEN = 1u;
const uint PROPOSED = 2u;
const uint SELECTED = 4u;

uint slotAt(vec2 point) {
  ivec2 pixel = ivec2(floor(point));
  if ((pixel >> 9) == uTile) return texelFetch(uTiles, ivec3(uCell.xy + (pixel & 511), uCell.z), 0).r;
  if (any(lessThan(pixel, ivec2(0))) || any(greaterThanEqual(pixel, uSize))) return 0u;
  uint place = texelFetch(uIndex, pixel >> 9, 0).r;
  if (place == 0u) return 0u;
  int at = int(place) - 1;
  ivec2 cell = ivec2(at & 3, (at >> 2) & 3);
  return texelFetch(uTiles, ivec3(cell * 512 + (pixel & 511), at >> 4), 0).r;
}

bool edgeWithin(vec2 point, uint slot, float reach) {
  float d = reach / uScale;
  return slotAt(point + vec2(d, 0.0)) != slot || slotAt(point - vec2(d, 0.0)) != slot ||
         slotAt(point + vec2(0.0, d)) != slot || slotAt(point - vec2(0.0, d)) != slot;
}

void main() {
  vec2 screen = vec2(gl_FragCoord.x, uHeight - gl_FragCoord.y) - uOffset;
  vec2 point = screen / uScale;
  uint slot = slotAt(point);
  if (slot == 0u) discard;
  uvec4 entry = texelFetch(uPalette, ivec2(int(slot & 255u), int(slot >> 8)), 0);
  if ((entry.a & HIDDEN) != 0u) discard;
  vec3 tint = vec3(entry.rgb) / 255.0;
  bool proposed = (entry.a & PROPOSED) != 0u;
  bool gap = proposed && mod(screen.x - screen.y, 12.0 * uRatio) > 7.0 * uRatio;
  if ((entry.a & SELECTED) != 0u) {
    if (edgeWithin(point, slot, 1.5 * uRatio)) {
      colour = vec4(gap ? vec3(0.0) : vec3(1.0), 1.0);
      return;
    }
    if (edgeWithin(point, slot, 3.0 * uRatio)) {
      colour = vec4(0.0, 0.0, 0.0, 1.0);
      return;
    }
  } else if (!gap && edgeWithin(point, slot, 1.75 * uRatio)) {
    colour = vec4(tint, 1.0);
    return;
  }
  float alpha = uOpacity;
  if (proposed && mod(screen.x + screen.y, 10.0 * uRatio) >= 4.0 * uRatio) alpha *= 0.35;
  colour = vec4(tint * alpha, alpha);
}`

/** Lines between the pixels of the image, for high zoom. */
export const gridFragmentShader = `#version 300 es
precision highp float;
uniform vec2 uOffset;
uniform float uScale;
uniform float uHeight;
uniform float uRatio;
out vec4 colour;
void main() {
  vec2 point = (vec2(gl_FragCoord.x, uHeight - gl_FragCoord.y) - uOffset) / uScale;
  vec2 inside = fract(point) * uScale;
  if (min(inside.x, inside.y) >= uRatio) discard;
  colour = vec4(0.18, 0.18, 0.18, 0.35);
}`
