import { AppError } from '../../shared/errors.ts'
import { createLinearProbe, createPrototypeCosine } from './baselines.ts'
import type { BackboneEntry } from './models.ts'
import { createMsdnetPredictor } from './msdnet.ts'
import type { Predictor } from './predictor.ts'
import { createTrainingFreePredictor } from './training-free.ts'

/** What a predictor may use when it is made. Models of its own it reads and verifies by `models.ts`. */
export interface PredictorContext {
  readonly modelsFolder: string
  /** The backbone whose feature maps it will see. */
  readonly backbone: BackboneEntry
  /** Threads of its own sessions, for `runtime.ts`. */
  readonly threads: number
}

const predictors: Readonly<Record<string, (context: PredictorContext) => Promise<Predictor>>> = {
  msdnet: createMsdnetPredictor,
  'training-free': createTrainingFreePredictor,
  'prototype-cosine': createPrototypeCosine,
  'linear-probe': createLinearProbe,
}

/** Makes the predictor with that id. Throws `Unsupported` when there is none. */
export async function createPredictor(id: string, context: PredictorContext): Promise<Predictor> {
  const create = Object.hasOwn(predictors, id) ? predictors[id] : undefined
  if (create === undefined) {
    throw new AppError(
      'Unsupported',
      'predictorUnknown',
      `There is no predictor "${id}"; choose one of: ${Object.keys(predictors).join(', ')}.`,
      { params: { predictor: id } },
    )
  }
  return create(context)
}
