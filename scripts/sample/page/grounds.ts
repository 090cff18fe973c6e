import type { Surface } from '../plan.ts'

/**
 * One function per surface, each filling albedo (linear), roughness, metalness and height (cm) at a point of the ground.
 * `p` is in centimetres; `seed` differs from scene to scene.
 */
export const grounds: Readonly<Record<Surface, string>> = {
  tray: /* glsl */ `
    float brushed = fbm(vec2(p.x * 2.0, p.y * 60.0), 4, seed) ;
    float blotch = fbm(p * 0.28, 5, seed + 1u);
    float fine = scratches(p, 1.1, 0.012, 0.9, 0.1, 0.35, seed + 2u);
    fine = max(fine, 0.8 * scratches(p, 2.3, 0.015, 0.8, 0.4, 1.0, seed + 3u));
    fine = max(fine, 0.8 * scratches(p + 3.0, 0.5, 0.008, 0.7, 0.0, 1.0, seed + 12u));
    float deep = scratches(p, 6.0, 0.03, 0.75, 0.9, 1.0, seed + 4u);
    float oil = smoothstep(0.56, 0.72, fbm(p * 0.16 + 4.0, 5, seed + 5u));
    float rust = 0.75 * smoothstep(0.56, 0.86, fbm(p * 0.22 + 9.0, 6, seed + 6u)) * smoothstep(0.3, 0.8, fbm(p * 2.4, 5, seed + 7u));
    float grit = spots(p, 0.35, 0.035, 0.3, seed + 8u);
    albedo = vec3(0.40, 0.41, 0.42) * (0.72 + 0.3 * blotch + 0.1 * (brushed - 0.5));
    albedo = mix(albedo, albedo * vec3(0.55, 0.5, 0.42), 0.75 * oil);
    albedo += 0.16 * fine; albedo += 0.12 * deep;
    albedo = mix(albedo, mix(vec3(0.24, 0.1, 0.04), vec3(0.09, 0.05, 0.03), fbm(p * 5.0, 3, seed + 13u)), rust);
    albedo *= 1.0 - 0.75 * grit;
    rough = 0.42 + 0.2 * (blotch - 0.5) + 0.1 * brushed - 0.16 * oil + 0.4 * rust + 0.15 * fine + 0.3 * grit;
    metal = 0.62 * (1.0 - rust) * (1.0 - grit);
    height = 0.05 * fbm(p * 0.22, 3, seed + 9u) + 0.0014 * brushed - 0.003 * fine - 0.008 * deep + 0.01 * rust + 0.02 * grit;`,
  wood: /* glsl */ `
    float board = floor(p.y / 5.6 + 0.3 + 0.02 * value(vec2(p.x * 0.05, 1.0), seed));
    float across = fract(p.y / 5.6 + 0.3 + 0.02 * value(vec2(p.x * 0.05, 1.0), seed)) * 5.6;
    vec2 q = p + vec2(board * 37.0, board * 11.0);
    float bend = fbm(vec2(q.x * 0.07, q.y * 0.3), 4, seed);
    vec2 knot = vec2(q.x - 14.0 * floor(q.x / 14.0) - 7.0, across - 2.0 - 1.6 * hash1(ivec2(int(board), int(floor(q.x / 14.0))), seed));
    float near = length(knot * vec2(0.75, 1.15));
    float isKnot = step(hash1(ivec2(int(floor(q.x / 14.0)), int(board)), seed + 1u), 0.5);
    float pull = isKnot * exp(-near * 0.75);
    float rings = q.y * 2.3 + 4.5 * bend + pull * 3.4;
    float grain = 0.5 + 0.5 * sin(rings * 6.2832 + 2.0 * fbm(q * vec2(0.5, 3.0), 3, seed + 2u));
    grain = pow(grain, 1.7);
    float fibre = fbm(vec2(q.x * 1.6, q.y * 34.0), 4, seed + 3u);
    float pore = smoothstep(0.66, 0.8, value(vec2(q.x * 2.0, q.y * 52.0), seed + 4u));
    float tone = hash1(ivec2(int(board), 3), seed + 5u);
    float stain = smoothstep(0.5, 0.74, fbm(p * 0.15 + 2.0, 5, seed + 6u));
    float ring = isKnot * smoothstep(0.55, 0.35, near);
    float gap = 1.0 - smoothstep(0.02, 0.09, min(across, 5.6 - across));
    float worn = scratches(p, 2.6, 0.03, 0.8, 0.2, 1.0, seed + 7u);
    float cut = scratches(p, 6.5, 0.035, 0.6, 1.1, 1.0, seed + 8u);
    albedo = mix(vec3(0.36, 0.205, 0.105), vec3(0.19, 0.092, 0.042), grain * 0.75);
    albedo *= 0.78 + 0.4 * tone; albedo *= 0.76 + 0.46 * fibre; albedo *= 1.0 - 0.45 * pore;
    albedo = mix(albedo, vec3(0.06, 0.03, 0.016), 0.85 * ring);
    albedo = mix(albedo, albedo * vec3(0.34, 0.3, 0.26), 0.72 * stain);
    albedo = mix(albedo, vec3(0.42, 0.29, 0.18), 0.38 * worn); albedo = mix(albedo, vec3(0.07, 0.045, 0.03), 0.7 * cut);
    albedo *= 1.0 - 0.88 * gap;
    rough = 0.5 + 0.25 * fibre - 0.14 * stain + 0.16 * worn + 0.2 * gap; metal = 0.0;
    height = 0.006 * fibre - 0.012 * pore - 0.006 * grain - 0.1 * gap - 0.008 * worn - 0.03 * cut + 0.02 * fbm(p * 0.3, 2, seed + 9u);`,
  concrete: /* glsl */ `
    float broad = fbm(p * 0.12, 5, seed);
    float mid = fbm(p * 0.9, 5, seed + 1u);
    float fine = fbm(p * 9.0, 4, seed + 2u);
    float sand = value(p * 34.0, seed + 3u);
    float pits = max(spots(p, 0.9, 0.16, 0.5, seed + 4u), 0.8 * spots(p, 0.35, 0.06, 0.35, seed + 5u));
    float stone = spots(p, 0.55, 0.2, 0.5, seed + 6u);
    vec2 w = p * 0.07 + 0.35 * vec2(fbm(p * 0.5, 5, seed + 7u), fbm(p * 0.5 + 7.0, 5, seed + 7u));
    float ridge = abs(fbm(w, 3, seed + 8u) - 0.5);
    float crack = (1.0 - smoothstep(0.001, 0.005, ridge)) * smoothstep(0.6, 0.68, fbm(p * 0.09 + 3.0, 2, seed + 9u));
    float oil = smoothstep(0.55, 0.7, fbm(p * 0.17 + 8.0, 5, seed + 10u));
    albedo = vec3(0.36, 0.345, 0.32) * (0.55 + 0.5 * broad + 0.35 * (mid - 0.5) + 0.3 * (fine - 0.5) + 0.24 * (sand - 0.5));
    albedo = mix(albedo, vec3(0.3, 0.28, 0.26) * (0.6 + 0.8 * hash1(ivec2(floor(p * 1.8)), seed + 11u)), 0.3 * stone);
    albedo = mix(albedo, albedo * vec3(0.42, 0.38, 0.34), 0.75 * oil);
    albedo *= 1.0 - 0.5 * pits; albedo *= 1.0 - 0.7 * crack;
    rough = 0.88 - 0.3 * oil + 0.1 * (fine - 0.5); metal = 0.0;
    height = 0.05 * broad + 0.03 * mid + 0.016 * fine + 0.01 * sand - 0.08 * pits - 0.07 * crack + 0.008 * stone;`,
  mat: /* glsl */ `
    vec2 g = p + vec2(0.4, 0.7);
    float fine = grid(g, 1.0, 0.028); float five = grid(g, 5.0, 0.06);
    float diagonal = line((g.x - g.y * 0.57735) * 0.866 - 9.0, 0.03) + line((g.x + g.y) * 0.7071 + 4.0, 0.03);
    vec2 ticks = vec2(fract(g.x * 10.0 - 0.5) - 0.5, g.y + 7.5);
    float tick = line(ticks.x * 0.1, 0.02) * step(abs(ticks.y - 0.13), 0.13);
    float print = max(max(0.55 * fine, 0.85 * five), max(0.6 * min(1.0, diagonal), 0.7 * tick));
    float wear = fbm(p * 0.35, 5, seed);
    print *= 0.45 + 0.55 * smoothstep(0.32, 0.55, wear + 0.25 * (fbm(p * 5.0, 3, seed + 1u) - 0.5));
    float cut = scratches(p, 3.2, 0.02, 0.75, 0.0, 0.12, seed + 2u);
    cut = max(cut, scratches(p, 4.5, 0.02, 0.7, 1.5708, 0.12, seed + 3u));
    cut = max(cut, 0.7 * scratches(p, 2.5, 0.014, 0.6, 0.7, 1.0, seed + 4u));
    float grainy = value(p * 26.0, seed + 5u) * 0.5 + value(p * 55.0, seed + 6u) * 0.5;
    float dust = smoothstep(0.5, 0.85, fbm(p * 0.5 + 3.0, 6, seed + 7u));
    float grit = spots(p, 0.6, 0.035, 0.22, seed + 8u);
    albedo = vec3(0.018, 0.085, 0.06) * (0.82 + 0.36 * wear + 0.25 * (grainy - 0.5));
    albedo = mix(albedo, vec3(0.42, 0.47, 0.3), 0.6 * print);
    albedo = mix(albedo, vec3(0.17, 0.25, 0.21), 0.4 * cut);
    albedo = mix(albedo, vec3(0.3, 0.31, 0.28), 0.08 * dust); albedo = mix(albedo, vec3(0.2, 0.16, 0.12), grit);
    rough = 0.58 + 0.16 * (grainy - 0.5) + 0.12 * dust + 0.12 * cut - 0.08 * smoothstep(0.5, 0.7, wear); metal = 0.0;
    height = 0.006 * grainy - 0.014 * cut + 0.03 * fbm(p * 0.12, 2, seed + 9u) + 0.02 * grit;`,
  blueprint: /* glsl */ `
    float pulp = fbm(p * 3.0, 5, seed); float cloud = fbm(p * 0.16, 4, seed + 1u);
    float fold = min(abs(p.x + 3.4 + 0.03 * sin(p.y)), abs(p.y - 2.6 + 0.03 * sin(p.x * 1.3)));
    float crease = exp(-fold * 16.0);
    vec2 q = p + vec2(1.5, -1.0);
    float ink = 0.5 * grid(q, 2.0, 0.016);
    for (int i = 0; i < 5; i++) {
      vec2 c = vec2(float(i) * 7.6 - 15.0, 9.0 * (hash1(ivec2(i, 1), seed) - 0.5) * 1.6);
      float r = 1.0 + 1.9 * hash1(ivec2(i, 2), seed);
      float d = length(q - c);
      ink = max(ink, max(line(d - r, 0.05), 0.85 * line(d - r * 0.6, 0.035)));
      float dash = step(0.35, fract((q.x + q.y) * 1.6));
      if (d < r * 1.5) ink = max(ink, 0.8 * dash * max(line(q.x - c.x, 0.025), line(q.y - c.y, 0.025)));
      vec2 box = abs(q - c - vec2(0.0, r + 2.3)) - vec2(r, 0.7);
      ink = max(ink, line(max(box.x, box.y), 0.045));
      if (abs(q.x - c.x) < r) ink = max(ink, line(q.y - c.y - r - 0.55, 0.025));
      vec2 t = (q - c - vec2(-r, -r - 0.7)) / vec2(0.26, 0.34);
      if (t.x > 0.0 && t.x < 9.0 && t.y > 0.0 && t.y < 1.0) {
        ivec2 cell = ivec2(int(t.x), i); vec2 f = fract(vec2(t.x, t.y)) - 0.5;
        float stroke = min(abs(f.x - 0.5 * (hash1(cell, seed + 4u) - 0.5)), abs(f.y - 0.7 * (hash1(cell, seed + 5u) - 0.5)));
        ink = max(ink, (1.0 - smoothstep(0.06, 0.14, stroke)) * step(max(abs(f.x), abs(f.y)), 0.36));
      }
    }
    ink *= 0.65 + 0.5 * fbm(p * 6.0, 3, seed + 2u);
    float stain = smoothstep(0.62, 0.72, fbm(p * 0.2 + 6.0, 6, seed + 3u));
    float cup = line(length(p - vec2(6.0, -4.0)) - 3.6 + 0.05 * value(p, seed), 0.16) * smoothstep(0.25, 0.6, fbm(p * 0.8, 3, seed + 6u));
    albedo = vec3(0.028, 0.09, 0.27) * (0.72 + 0.5 * cloud + 0.22 * (pulp - 0.5));
    albedo = mix(albedo, vec3(0.55, 0.66, 0.8), 0.72 * ink);
    albedo = mix(albedo, vec3(0.2, 0.3, 0.48), 0.5 * crease);
    albedo = mix(albedo, albedo * vec3(0.5, 0.46, 0.42), 0.55 * stain + 0.3 * cup);
    rough = 0.84 + 0.1 * (pulp - 0.5) - 0.04 * stain; metal = 0.0;
    height = 0.004 * pulp + 0.09 * cloud - 0.05 * exp(-fold * 5.0) + 0.03 * fbm(p * 0.5, 3, seed + 7u);`,
  cardboard: /* glsl */ `
    float fibre = fbm(vec2(p.x * 1.1, p.y * 16.0), 5, seed); float pulp = fbm(p * 7.0, 4, seed + 1u);
    float speck = spots(p, 0.25, 0.03, 0.35, seed + 2u); float pale = spots(p + 4.0, 0.4, 0.035, 0.3, seed + 3u);
    float flute = 0.5 + 0.5 * sin(p.x * 6.2832 / 0.62 + 0.3 * value(p * 0.2, seed));
    float cloud = fbm(p * 0.2, 4, seed + 4u);
    float dent = scratches(p, 5.0, 0.09, 0.55, 0.5, 1.0, seed + 5u);
    float oil = smoothstep(0.6, 0.68, fbm(p * 0.24 + 5.0, 5, seed + 6u));
    float tape = step(abs(p.y * 0.96 + p.x * 0.28 - 8.4), 2.4);
    albedo = vec3(0.4, 0.265, 0.15) * (0.74 + 0.28 * fibre + 0.2 * (pulp - 0.5) + 0.26 * (cloud - 0.5) + 0.05 * flute);
    albedo *= 1.0 - 0.5 * speck; albedo = mix(albedo, vec3(0.55, 0.42, 0.28), 0.5 * pale);
    albedo = mix(albedo, albedo * vec3(0.5, 0.44, 0.38), 0.85 * oil); albedo *= 1.0 - 0.16 * dent;
    albedo = mix(albedo, vec3(0.46, 0.29, 0.13) * (0.85 + 0.3 * cloud), 0.75 * tape);
    rough = mix(0.86 - 0.35 * oil, 0.3, 0.85 * tape); metal = 0.0;
    height = mix(0.012, 0.006, tape) * flute + 0.006 * pulp * (1.0 - tape) - 0.05 * dent + 0.02 * fbm(p * 0.4, 3, seed + 7u) + 0.01 * tape;`,
}
