/** Noise for shaders: hashes are integers, so that they are the same in every place and picture. */
export const noise = /* glsl */ `
uint mixed(uint v) { v ^= v >> 15; v *= 0x2c1b3c6du; v ^= v >> 12; v *= 0x297a2d39u; v ^= v >> 15; return v; }
float hash1(ivec2 p, uint seed) { return float(mixed(uint(p.x) * 0x9e3779b1u ^ uint(p.y) * 0x85ebca77u ^ seed * 0xc2b2ae3du) >> 8) / 16777216.0; }
float hash1(ivec3 p, uint seed) { return hash1(p.xy, seed + uint(p.z) * 0x27d4eb2fu); }
vec4 hash4(ivec2 p, uint seed) {
  uint h = mixed(uint(p.x) * 0x9e3779b1u ^ uint(p.y) * 0x85ebca77u ^ seed * 0xc2b2ae3du);
  uint g = h * 0x2c1b3c6du ^ (h >> 13);
  return vec4(h & 0xffffu, h >> 16, g & 0xffffu, g >> 16) / 65536.0;
}
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
  vec2 bent = p + 0.02 * size * vec2(value(p / size * 2.0, seed), value(p / size * 2.0 + 9.0, seed));
  for (int y = -1; y <= 1; y++) for (int x = -1; x <= 1; x++) {
    ivec2 c = cell + ivec2(x, y);
    vec4 a = hash4(c, seed); vec4 b = hash4(c, seed + 5u);
    vec2 middle = (vec2(c) + a.xy) * size;
    float angle = along + freedom * (a.z - 0.5) * 6.2832;
    vec2 reach = vec2(cos(angle), sin(angle)) * size * (0.15 + 0.6 * b.x);
    float d = toSegment(bent, middle - reach, middle + reach);
    float own = width * (0.4 + b.y);
    strength = max(strength, (1.0 - smoothstep(own * 0.4, own, d)) * (0.3 + 0.7 * b.z) * step(a.w, density));
  }
  return strength;
}
/* Round spots with an uneven edge: 1 in the middle, 0 outside. */
float spots(vec2 p, float size, float radius, float density, uint seed) {
  float strength = 0.0;
  ivec2 cell = ivec2(floor(p / size));
  vec2 uneven = p + radius * 0.5 * (vec2(value(p / radius * 1.5, seed), value(p / radius * 1.5 + 5.0, seed)) - 0.5);
  for (int y = -1; y <= 1; y++) for (int x = -1; x <= 1; x++) {
    ivec2 c = cell + ivec2(x, y);
    vec4 a = hash4(c, seed); float b = hash1(c, seed + 5u);
    float own = radius * (0.25 + 0.75 * a.z * b);
    strength = max(strength, (1.0 - smoothstep(own * 0.55, own, length(uneven - (vec2(c) + a.xy) * size))) * step(a.w, density));
  }
  return strength;
}
float line(float distance, float width) { return 1.0 - smoothstep(width * 0.5, width * 0.5 + 0.012, abs(distance)); }
float grid(vec2 p, float step, float width) {
  vec2 d = abs(fract(p / step - 0.5) - 0.5) * step; return line(min(d.x, d.y), width);
}
`
