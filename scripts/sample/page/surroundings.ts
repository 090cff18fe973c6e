import { BackSide, Color, Mesh, PMREMGenerator, Scene, ShaderMaterial, SphereGeometry, Vector3 } from 'three'
import type { WebGLRenderer, WebGLRenderTarget } from 'three'
import type { ScenePlan } from '../plan.ts'
import { noise } from './noise.ts'

/** Linear colour of a black body, its green at 1. A fit over 2,500 to 8,000 K. */
export function kelvinColour(kelvin: number): Color {
  const t = kelvin / 6500
  return new Color(Math.min(2.4, t ** -0.85), 1, Math.max(0.2, t ** 1.15))
}

/** Direction towards the light. */
export function lightDirection(heading: number, elevation: number): Vector3 {
  return new Vector3(
    Math.cos(heading) * Math.cos(elevation),
    Math.sin(elevation),
    Math.sin(heading) * Math.cos(elevation),
  )
}

const groundTones: Readonly<Record<ScenePlan['surface'], readonly [number, number, number]>> = {
  tray: [0.3, 0.31, 0.32],
  wood: [0.2, 0.11, 0.06],
  concrete: [0.28, 0.27, 0.25],
  mat: [0.04, 0.11, 0.08],
  blueprint: [0.06, 0.12, 0.28],
  cardboard: [0.36, 0.24, 0.14],
}

/**
 * The room that metals mirror: walls with darker furniture, a ceiling, the light's source, the dark phone and the person
 * that take the picture, and the ground below.
 */
export function makeSurroundings(renderer: WebGLRenderer, plan: ScenePlan): WebGLRenderTarget {
  const { light, camera } = plan
  const ambient = kelvinColour(light.ambientKelvin).multiplyScalar(light.ambient)
  const key = kelvinColour(light.keyKelvin)
  const material = new ShaderMaterial({
    side: BackSide,
    depthWrite: false,
    uniforms: {
      uAmbient: { value: ambient },
      uKey: { value: key },
      uKeyDirection: { value: lightDirection(light.heading, light.elevation) },
      uEye: { value: lightDirection(Math.PI / 2 - camera.heading, camera.elevation) },
      uGround: {
        value: new Color(...groundTones[plan.surface]).multiply(
          key
            .clone()
            .multiplyScalar((light.strength * Math.sin(light.elevation)) / Math.PI)
            .add(ambient),
        ),
      },
      uKind: { value: { window: 0, tubes: 1, lamp: 2, flash: 3 }[light.kind] },
      uSeed: { value: plan.seed },
    },
    vertexShader:
      'varying vec3 vDirection; void main() { vDirection = position; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }',
    fragmentShader: /* glsl */ `
      varying vec3 vDirection; uniform vec3 uAmbient; uniform vec3 uKey; uniform vec3 uKeyDirection; uniform vec3 uEye;
      uniform vec3 uGround; uniform int uKind; uniform uint uSeed;
      ${noise}
      float box(vec2 p, vec2 half_, float soft) { vec2 d = abs(p) - half_; return 1.0 - smoothstep(-soft, soft, max(d.x, d.y)); }
      void main() {
        vec3 d = normalize(vDirection);
        float azimuth = atan(d.z, d.x);
        float mottle = fbm(d * 2.2 + 3.0, 4, uSeed);
        vec3 light = uAmbient * mix(0.5, 1.25, smoothstep(-0.1, 0.9, d.y)) * (0.5 + mottle);
        float things = smoothstep(0.48, 0.53, fbm(vec3(cos(azimuth), sin(azimuth), d.y * 0.6) * 2.6, 3, uSeed + 1u));
        light *= mix(1.0, 0.22, things * (1.0 - smoothstep(0.25, 0.5, d.y)));
        vec2 overhead = d.xz / max(d.y, 0.05);
        vec3 keySide = normalize(cross(vec3(0.0, 1.0, 0.0), uKeyDirection));
        vec3 keyUp = cross(uKeyDirection, keySide);
        vec2 onKey = vec2(dot(d, keySide), dot(d, keyUp)) / max(dot(d, uKeyDirection), 0.02);
        if (dot(d, uKeyDirection) > 0.0) {
          if (uKind == 0) {
            float pane = box(onKey, vec2(0.55, 0.36), 0.012);
            pane *= 1.0 - 0.85 * max(box(onKey - vec2(0.0, 0.0), vec2(0.018, 1.0), 0.006), box(onKey - vec2(0.0, 0.06), vec2(1.0, 0.018), 0.006));
            light = mix(light, uKey * (4.2 + 2.2 * onKey.y), pane);
          } else if (uKind == 2) light = mix(light, uKey * 9.0, 1.0 - smoothstep(0.13, 0.17, length(onKey)));
        }
        if (uKind == 1) {
          vec2 strip = mat2(0.94, 0.34, -0.34, 0.94) * (overhead - uKeyDirection.xz / uKeyDirection.y);
          for (int i = -1; i <= 1; i++) light = mix(light, uKey * 7.0, box(strip - vec2(0.0, float(i) * 0.75), vec2(0.9, 0.075), 0.012) * step(0.05, d.y));
        }
        vec3 eyeSide = normalize(cross(vec3(0.0, 1.0, 0.001), uEye));
        vec3 eyeUp = cross(uEye, eyeSide);
        vec2 onEye = vec2(dot(d, eyeSide), dot(d, eyeUp)) / max(dot(d, uEye), 0.02);
        if (dot(d, uEye) > 0.0) {
          float person = box(onEye - vec2(0.1, -1.5), vec2(0.6, 1.3), 0.12);
          light = mix(light, uAmbient * vec3(0.16, 0.15, 0.17), 0.9 * person);
          light = mix(light, uAmbient * 0.06, box(onEye, vec2(0.1, 0.19), 0.012));
        }
        light = mix(light, uGround, smoothstep(0.01, -0.03, d.y));
        gl_FragColor = vec4(light, 1.0);
      }`,
  })
  const room = new Mesh(new SphereGeometry(10, 48, 24), material)
  const scene = new Scene()
  scene.add(room)
  const generator = new PMREMGenerator(renderer)
  const target = generator.fromScene(scene, 0.004, 0.1, 50, { size: 64 })
  generator.dispose()
  material.dispose()
  room.geometry.dispose()
  return target
}
