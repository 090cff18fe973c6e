import { serveRequests } from '../processes/child.ts'
import type { EngineKinds } from './engine-messages.ts'
import { startEngineService } from './engine-service.ts'
import { createPredictor } from './predictors.ts'

serveRequests<EngineKinds>((setup) => startEngineService(setup, createPredictor))
