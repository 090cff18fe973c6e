/** Noise for shaders: hashes are integers, so that they are the same in every place and picture. */
export const noise = /* glsl */ `
uint mixed(uint v) { v ^= v >> 15; v *= 0x2c1b3c6du; v ^= v >> 12; v *= 0x297a2d39u; v ^= v >> 15; return v; }
float hash1(ivec2 p, uint seed) { return float(mixed(uint(p.x) * 0x9e3779b1u ^ uint(p.y) * 0x85ebca77u ^ seed * 0xc2b2ae3du) >> 8) / 16777216.0; }
float hash1(ivec3 p, uint seed) { return hash1(p.xy, seed + uint(p.z) * 0x27d4eb2fu); }
vec2 hash2(ivec2 p, uint seed) { return vec2(hash1(p, seed), hash1(p, seed + 77u)); }
float value(vec2 p, uint seed) {
  ivec2 i = ivec2(floor(p)); vec2 f = fract(p); f = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
  return mix(mix(hash1(i, seed), hash1(i + ivec2(1, 0), seed), f.x),
             mix(hash1(i + ivec2(0, 1), seed), hash1(i + ivec2(1, 1), seed), f.x), f.y);
}
float value(vec3 p, uint seed) {
  ivec3 i = ivec3(floor(p)); vec3 f = fract(p); f = f * f * (3.0 - 2.0 * f);
  vec2 layer;
  for (int z = 0; z < 2; z++) {
    ivec3 j = i + ivec3(0, 0, z);
    layer[z] = mix(mix(hash1(j, seed), hash1(j + ivec3(1, 0, 0), seed), f.x),
                   mix(hash1(j + ivec3(0, 1, 0), seed), hash1(j + ivec3(1, 1, 0), seed), f.x), f.y);
  }
  return mix(layer.x, layer.y, f.z);
}
float fbm(vec2 p, int octaves, uint seed) {
  float sum = 0.0, weight = 0.5, total = 0.0;
  for (int i = 0; i < octaves; i++) {
    sum += weight * value(p, seed + uint(i) * 13u); total += weight;
    p = mat2(1.6, 1.2, -1.2, 1.6) * p; weight *= 0.5;
  }
  return sum / total;
}
float fbm(vec3 p, int octaves, uint seed) {
  float sum = 0.0, weight = 0.5, total = 0.0;
  for (int i = 0; i < octaves; i++) { sum += weight * value(p, seed + uint(i) * 13u); total += weight; p = p.zxy * 2.03 + 0.7; weight *= 0.5; }
  return sum / total;
}
`

/** Patterns on flat ground, in centimetres. */
export const patterns = /* glsl */ `
float toSegment(vec2 p, vec2 a, vec2 b) {
  vec2 d = b - a; return length(p - a - d * clamp(dot(p - a, d) / dot(d, d), 0.0, 1.0));
}
/* Thin lines of random place and direction, one per cell of that size. 1 in a scratch. */
float scratches(vec2 p, float size, float width, float density, float along, float freedom, uint seed) {
  float strength = 0.0;
  ivec2 cell = ivec2(floor(p / size));
  for (int y = -1; y <= 1; y++) for (int x = -1; x <= 1; x++) {
    ivec2 c = cell + ivec2(x, y);
    if (hash1(c, seed) > density) continue;
    vec2 middle = (vec2(c) + hash2(c, seed + 3u)) * size;
    float angle = along + freedom * (hash1(c, seed + 5u) - 0.5) * 6.2832;
    vec2 reach = vec2(cos(angle), sin(angle)) * size * (0.15 + 0.6 * hash1(c, seed + 7u));
    vec2 bent = p + 0.02 * size * vec2(value(p / size * 2.0, seed), value(p / size * 2.0 + 9.0, seed));
    float d = toSegment(bent, middle - reach, middle + reach);
    float own = width * (0.4 + hash1(c, seed + 9u));
    strength = max(strength, (1.0 - smoothstep(own * 0.4, own, d)) * (0.3 + 0.7 * hash1(c, seed + 11u)));
  }
  return strength;
}
/* Round spots: 1 in the middle, 0 outside. */
float spots(vec2 p, float size, float radius, float density, uint seed) {
  float strength = 0.0;
  ivec2 cell = ivec2(floor(p / size));
  for (int y = -1; y <= 1; y++) for (int x = -1; x <= 1; x++) {
    ivec2 c = cell + ivec2(x, y);
    if (hash1(c, seed) > density) continue;
    vec2 middle = (vec2(c) + hash2(c, seed + 3u)) * size;
    float own = radius * (0.25 + 0.75 * hash1(c, seed + 5u) * hash1(c, seed + 6u));
    vec2 d = p - middle; d += own * 0.7 * (vec2(value(p / own * 1.3, seed + 8u), value(p / own * 1.3 + 5.0, seed + 8u)) - 0.5);
    strength = max(strength, 1.0 - smoothstep(own * 0.55, own, length(d)));
  }
  return strength;
}
float line(float distance, float width) { return 1.0 - smoothstep(width * 0.5, width * 0.5 + 0.012, abs(distance)); }
float grid(vec2 p, float step, float width) {
  vec2 d = abs(fract(p / step - 0.5) - 0.5) * step; return line(min(d.x, d.y), width);
}
`
