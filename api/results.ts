/** Results of the library: what the command line prints with --json. Generated from the source by `npm run docs`; a test holds it to that. */

export type Diagnostic = {
  /** E or W and four digits, as docs/errors.md lists them */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly at: {
    /** The ONNX node, file or option as the user knows it */
    readonly origin: string;
    readonly [key: string]: unknown;
  };
  readonly facts: { readonly [key: string]: string | number };
  readonly help?: string;
  readonly [key: string]: unknown;
};

export type CompileResult = {
  readonly fits: true;
  readonly target: string;
  readonly board: string;
  readonly neurons: number;
  readonly cores: {
    readonly used: number;
    readonly available: number;
  };
  readonly chips: {
    readonly used: number;
    readonly available: number;
  };
  readonly mode: string;
  /** The folder that was written; null with dryRun */
  readonly out: string | null;
  readonly seconds: number;
  /** Warnings */
  readonly diagnostics: readonly {
    /** E or W and four digits, as docs/errors.md lists them */
    readonly code: string;
    readonly severity: 'error' | 'warning';
    readonly message: string;
    readonly at: {
      /** The ONNX node, file or option as the user knows it */
      readonly origin: string;
      readonly [key: string]: unknown;
    };
    readonly facts: { readonly [key: string]: string | number };
    readonly help?: string;
    readonly [key: string]: unknown;
  }[];
  readonly weights?: number;
  readonly routes?: number;
  readonly deliveries?: number;
  /** The fullest limit of the fullest core */
  readonly binding?: {
    readonly resource: string;
    readonly fill: number;
    readonly [key: string]: unknown;
  };
  readonly steps?: number;
  readonly coding?: string;
  /** Null where thresholds are set site by site */
  readonly shift?: number | string | null;
  readonly terms?: number;
  readonly levels?: number;
  readonly latency?: {
    readonly steps: number;
    readonly seconds: number;
    readonly [key: string]: unknown;
  };
  /** Images a second, at most */
  readonly throughput?: number;
  /** Of an image, dynamic */
  readonly energy?: readonly {
    readonly costSet: string;
    readonly totalPj: number;
    readonly highPj: number;
    readonly [key: string]: unknown;
  }[];
  /** E_SNN ÷ E_ANN, predicted from calibration */
  readonly eq30?: {
    readonly predictedPaper: number;
    readonly [key: string]: unknown;
  };
  readonly stepSeconds?: { readonly [key: string]: number };
  readonly peakBytes?: number;
  readonly [key: string]: unknown;
};

export type CheckResult = {
  readonly fits: boolean;
  readonly estimate: true;
  readonly target: string;
  readonly board: string | null;
  readonly cores: {
    readonly used: number | null;
    readonly available: number | null;
  };
  readonly chips: {
    readonly used: number | null;
    readonly available: number | null;
  };
  readonly binding: {
    readonly resource: string;
    readonly fill: number;
  } | null;
  readonly bound: { readonly [key: string]: number };
  readonly readings: readonly {
    readonly name: string;
    readonly limit: number;
    readonly cores: number;
    readonly leastCores: number;
    readonly chips: number;
    readonly fits: boolean;
    readonly isBound: boolean;
  }[];
  readonly instead: string | null;
  readonly steps: number;
  readonly coding: 'sum';
  readonly terms: number;
  readonly levels: null;
  readonly mode: string | null;
  readonly modes: readonly {
    readonly mode: 'pipelined' | 'layerwise' | 'streaming';
    readonly board: string | null;
    readonly fits: boolean;
    readonly refused: string | null;
    readonly cores: number | null;
    readonly leastCores: number | null;
    readonly chips: number | null;
    readonly latency: {
      readonly steps: number;
      readonly seconds: number;
    } | null;
    readonly interval: {
      readonly steps: number;
      readonly seconds: number;
    } | null;
    readonly stepSeconds: number | null;
    readonly throughput: number | null;
    readonly energyPj: {
      readonly low: number;
      readonly high: number;
    } | null;
  }[];
  readonly activity: {
    readonly from: string;
    readonly images: number;
    readonly isSynthetic: boolean;
    readonly shift: number;
    readonly meanRate: number;
  } | null;
  readonly latency: {
    readonly steps: number;
    readonly seconds: number;
  } | null;
  readonly throughput: number | null;
  readonly energyPj: {
    readonly low: number;
    readonly high: number;
  } | null;
  readonly counts: { readonly [key: string]: number } | null;
  readonly whatIf: readonly {
    readonly change: string;
    readonly says: string;
    readonly cores: {
      readonly before: number;
      readonly after: number;
    };
    readonly chips: {
      readonly before: number;
      readonly after: number;
    };
    readonly latencySeconds: {
      readonly before: number;
      readonly after: number;
    };
    readonly throughput: {
      readonly before: number;
      readonly after: number;
    };
    readonly energyPj: {
      readonly before: number;
      readonly after: number;
    } | null;
    readonly improves: 'cores' | 'chips' | 'latencySeconds' | 'throughput' | 'energyPj' | null;
  }[];
  readonly eq30: null;
  readonly model: {
    readonly nodes: number;
    readonly parameters: number;
    readonly [key: string]: unknown;
  } | null;
  readonly images: string | null;
  readonly weightsLookedAt: boolean;
  readonly neurons: number | null;
  readonly synapses: number | null;
  readonly populations: readonly {
    readonly name: string;
    readonly origin: string;
    readonly shape: readonly number[];
    readonly tiles: number;
    readonly cores: number;
    readonly split: {
      readonly heads: number;
      readonly tokens: number;
      readonly channels: number;
    };
    readonly rate: number;
  }[];
  readonly seconds: number;
  readonly peakBytes: number;
  readonly diagnostics: readonly {
    readonly code: string;
    readonly message: string;
    readonly [key: string]: unknown;
  }[];
};

export type ValidateResult = {
  readonly samples: number;
  readonly steps: number;
  readonly accuracy: {
    readonly ann: number | null;
    readonly snn: readonly number[];
    readonly int: readonly number[];
    readonly chip: readonly number[];
    readonly [key: string]: unknown;
  };
  readonly agreement: {
    readonly snn: readonly number[];
    readonly int: readonly number[];
    readonly [key: string]: unknown;
  };
  readonly logitMse: {
    readonly snn: readonly number[];
    readonly int: readonly number[];
    readonly [key: string]: unknown;
  };
  readonly eq30: {
    readonly paper: readonly number[];
    readonly performed: readonly number[];
    readonly integer: readonly number[];
    /** Closed forms and events count alike */
    readonly identity: boolean;
    readonly predictionError: number;
    readonly macs: number;
    readonly acs: number;
    readonly lookups: number;
    readonly [key: string]: unknown;
  };
  readonly stages: readonly {
    readonly from: string;
    readonly to: string;
    readonly class: string;
    readonly [key: string]: unknown;
  }[];
  readonly firstDifference: string | null;
  readonly [key: string]: unknown;
};

export type SimulateResult = {
  readonly images: number;
  /** The answer to each image */
  readonly classes: readonly number[];
  /** Null without labels */
  readonly accuracy: number | null;
  /** Timesteps of all images */
  readonly steps: number;
  /** Of an image alone, every message timed; null without `timed` */
  readonly timeSeconds: number | null;
  /** No image takes less */
  readonly boundSeconds: number;
  readonly pipelinedStepSeconds: number;
  readonly spikes: number;
  readonly terms: number;
  readonly synops: number;
  readonly messages: number;
  readonly hops: number;
  readonly chipMessages: number;
  /** By cost set: parts, their total, what is unknown */
  readonly energyPj: { readonly [key: string]: unknown };
  readonly hottestLink: number;
  readonly [key: string]: unknown;
};

export type NumericsResult = {
  readonly diagnostics: readonly {
    /** E or W and four digits, as docs/errors.md lists them */
    readonly code: string;
    readonly severity: 'error' | 'warning';
    readonly message: string;
    readonly at: {
      /** The ONNX node, file or option as the user knows it */
      readonly origin: string;
      readonly [key: string]: unknown;
    };
    readonly facts: { readonly [key: string]: string | number };
    readonly help?: string;
    readonly [key: string]: unknown;
  }[];
  readonly [key: string]: unknown;
};

export type ReportResult = {
  readonly schema: 'snnc-report';
  readonly schemaVersion: 1;
  readonly header: {
    readonly model: {
      readonly file: string;
      readonly name: string;
      readonly sha256: string;
    };
    readonly tool: {
      readonly name: string;
      readonly version: string;
    };
    readonly target: {
      readonly name: string;
      readonly spec: string;
      readonly title: string;
      readonly board: string | null;
      readonly chips: number;
      readonly cores: number;
    };
    readonly mode: 'pipelined' | 'layerwise' | 'streaming';
    readonly coding: 'rate' | 'sum' | 'differential';
    readonly steps: number;
    readonly seed: number;
    /** Every option of the compile, resolved */
    readonly options: { readonly [key: string]: string | number | boolean | null };
    readonly calibration: {
      readonly source: string;
      readonly images: number;
      readonly logitMse: number;
    };
    /** Simulated on the chip; 0: counts are expected ones, from the rates of calibration */
    readonly images: number;
  };
  readonly verdict: {
    readonly fits: boolean;
    /** In one sentence */
    readonly says: string;
    readonly cores: {
      readonly used: number;
      readonly available: number;
      readonly least: number | null;
    };
    readonly chips: {
      readonly used: number;
      readonly available: number;
    };
    readonly neurons: number;
    /** Neurons left out because nobody reads them */
    readonly unread: number;
    readonly populations: number;
    readonly tiles: number;
    /** Stored synaptic weights of the network, each counted once */
    readonly weights: number | null;
    readonly binding: {
      readonly resource: string;
      readonly fill: number;
      readonly core: number | null;
    };
    /** Cores by the resource that is fullest on them */
    readonly coresBound: { readonly [key: string]: number };
    /** Of each resource: cores filled to 0–10 %, … 90–100 % of it */
    readonly fills: { readonly [key: string]: readonly number[] };
    readonly latency: {
      readonly steps: number;
      readonly seconds: number;
      readonly timedSeconds: number | null;
    };
    readonly interval: {
      readonly steps: number;
      readonly seconds: number;
      readonly timedSeconds: number | null;
    };
    /** Images a second */
    readonly throughput: {
      readonly atMost: number;
      readonly timed: number | null;
    };
    /** Dynamic, of an image */
    readonly energyPj: {
      readonly low: number;
      readonly high: number;
    } | null;
    /** Dynamic energy ÷ that of the same network with 8-bit products on the same cores */
    readonly ratioToInt8: {
      readonly low: number;
      readonly high: number;
    } | null;
    /** The paper’s count, predicted */
    readonly eq30: number | null;
    readonly accuracy: {
      readonly source: string | null;
      readonly images: number;
      readonly isCalibration: boolean;
      readonly float: number | null;
      readonly converted: number | null;
      readonly integer: number | null;
      readonly simulated: number | null;
      /** Of the integer network with the float network */
      readonly agreement: number | null;
    };
    /** What was compared with what, and how it came out */
    readonly verified: string;
  };
  readonly accuracy: {
    /** Images that the curve was measured on */
    readonly source: string | null;
    readonly images: number;
    readonly isLabelled: boolean;
    /** The ANN line */
    readonly float: {
      readonly accuracy: number | null;
      readonly low: number | null;
      readonly high: number | null;
    } | null;
    readonly curve: readonly {
      readonly method: 'ours' | 'paper';
      readonly says: string;
      readonly stage: 'snn' | 'int';
      readonly coding: 'rate' | 'sum' | 'differential';
      readonly steps: readonly number[];
      /** Null without labels */
      readonly accuracy: readonly (number | null)[];
      /** Wilson’s 95 % interval of the accuracy */
      readonly low: readonly (number | null)[];
      readonly high: readonly (number | null)[];
      /** Share of images with the float network’s answer */
      readonly agreement: readonly number[];
      /** ÷ the variance of the float logits */
      readonly logitMse: readonly number[];
      /** The paper’s count */
      readonly eq30: readonly number[];
    }[];
    /** Why there is no curve, and what makes one */
    readonly missing: {
      readonly reason: string;
      readonly command: string;
    } | null;
    readonly chosen: {
      readonly coding: 'rate' | 'sum' | 'differential';
      readonly steps: number;
      readonly accuracy: number | null;
      readonly agreement: number | null;
      readonly logitMse: number;
      readonly eq30: number;
    };
    /** By threshold, of populations that fire */
    readonly firing: readonly {
      readonly layer: number;
      /** [p]: share of neurons and steps that send +2^p · θ */
      readonly positive: readonly number[];
      readonly negative: readonly number[];
    }[] | null;
    readonly chain: readonly {
      readonly from: string;
      readonly to: string;
      readonly class: 'exact' | 'bounded';
      /** Null where it was not checked */
      readonly holds: boolean | null;
      readonly maxError: number | null;
      readonly says: string;
    }[];
    /** Curve of the threshold search, predicted */
    readonly search: {
      readonly limit: string;
      readonly value: number;
      readonly eq30: readonly number[];
      readonly logitMse: readonly number[];
    } | null;
    /** What snnc validate found of this very deployment; arrays by timestep */
    readonly validation: {
      readonly data: string;
      readonly samples: number;
      readonly float: number | null;
      readonly converted: readonly (number | null)[];
      readonly integer: readonly (number | null)[];
      readonly simulated: readonly (number | null)[];
      readonly agreement: readonly (number | null)[];
      readonly logitMse: readonly (number | null)[];
      readonly firstDifference: string | null;
    } | null;
  };
  readonly eq30: {
    readonly formula: string;
    readonly pricesPj: {
      readonly float: {
        readonly mac: number;
        readonly ac: number;
      };
      readonly integer: {
        readonly mac: number;
        readonly ac: number;
      };
    };
    readonly annMacs: {
      readonly paper: number;
      readonly performed: number;
    };
    /** From calibration images, before any test image */
    readonly predicted: {
      readonly paper: number;
      readonly performed: number | null;
      readonly integer: number | null;
    };
    /** Of an image, predicted */
    readonly counts: {
      readonly paper: {
        readonly acs: number;
        readonly macs: number;
        readonly lookups: number;
      };
      readonly performed: {
        readonly acs: number;
        readonly macs: number;
        readonly lookups: number;
      } | null;
    };
    /** On the images of snnc validate */
    readonly measured: {
      readonly paper: number;
      readonly performed: number;
      readonly integer: number;
      readonly acs: number;
      readonly macs: number;
      readonly lookups: number;
      /** Closed forms and events give the same totals */
      readonly identity: boolean | null;
      readonly identityImages: number;
      readonly predictionError: number;
    } | null;
  };
  readonly energy: {
    readonly costSets: readonly {
      readonly name: string;
      readonly parts: { readonly [key: string]: number };
      readonly totalPj: number;
      readonly highPj: number;
      /** Costs that nobody has published, with the events that they would price */
      readonly unknown: { readonly [key: string]: number };
      readonly standing: {
        readonly alone: {
          readonly parts: { readonly [key: string]: number };
          readonly totalPj: number;
          readonly unknown: { readonly [key: string]: number };
        };
        readonly stream: {
          readonly parts: { readonly [key: string]: number };
          readonly totalPj: number;
          readonly unknown: { readonly [key: string]: number };
        };
      };
      readonly int8: {
        readonly parts: { readonly [key: string]: number };
        readonly totalPj: number;
        readonly unknown: { readonly [key: string]: number };
      };
      readonly ratio: {
        readonly low: number;
        readonly high: number;
      } | null;
    }[];
    readonly band: {
      readonly low: number;
      readonly high: number;
    } | null;
    readonly spanSource: 'bound' | 'timed';
    readonly span: {
      readonly alone: {
        readonly chips: number;
        readonly steps: number;
        readonly seconds: number;
      };
      readonly stream: {
        readonly chips: number;
        readonly steps: number;
        readonly seconds: number;
      };
    };
    /** Of an image */
    readonly events: { readonly [key: string]: number };
    readonly constants: readonly {
      readonly costSet: string;
      readonly name: string;
      readonly value: number;
      readonly unit: string;
      readonly status: string;
      readonly source: string;
      readonly condition: string | null;
      readonly basis: string | null;
    }[];
  };
  /** Populations, in the order of the manifest */
  readonly layers: readonly {
    readonly name: string;
    /** The user’s ONNX node */
    readonly origin: string;
    readonly shape: readonly number[];
    readonly neurons: number;
    readonly function: string;
    readonly emit: string;
    /** θ = 2^−theta */
    readonly theta: number | null;
    readonly levels: number | null;
    readonly terms: number | null;
    /** Null where it has no weights */
    readonly weightBits: number | null;
    readonly weights: number;
    readonly fraction: number;
    readonly outFraction: number;
    readonly depth: number;
    readonly tiles: number;
    readonly cores: number;
    readonly split: {
      readonly heads: number;
      readonly tokens: number;
      readonly channels: number;
    };
    /** Share of neurons that send in a step, from calibration */
    readonly rate: number;
    readonly termsPerNeuron: number;
    readonly counts: {
      readonly updates: number;
      readonly spikes: number;
      readonly messages: number;
      readonly hops: number;
      readonly chipMessages: number;
      readonly synops: number;
      readonly relayAdds: number;
    };
    readonly energyPj: { readonly [key: string]: number | null };
    readonly int8Pj: { readonly [key: string]: number | null };
    /** By the first cost set */
    readonly energyShare: number | null;
    /** Of messages × links on their way, a border between chips one link; null: nothing passes any */
    readonly trafficShare: number | null;
    /** Integer against converted, on calibration images; null: not measured, or nothing off */
    readonly sqnrDb: number | null;
    readonly saturations: {
      readonly accumulator: number;
      readonly state: number;
      readonly threshold: number;
    } | null;
  }[];
  /** Values and constants of stage int */
  readonly tensors: readonly {
    /** Node of stage int, and the attribute whose constant it is */
    readonly name: string;
    readonly kind: 'input' | 'activation' | 'readout' | 'accumulator' | 'weights' | 'constant';
    /** That holds it; null: the host */
    readonly layer: number | null;
    readonly origin: string;
    readonly shape: readonly number[];
    /** That it is kept in, sign included */
    readonly bits: number | null;
    /** Value = integer · 2^−fraction; null: channel by channel */
    readonly fraction: number | null;
    /** Largest magnitude, an integer: of constants, or met on calibration images */
    readonly met: number | null;
    /** That any image can make of it */
    readonly worst: number | null;
    /** That its bits hold */
    readonly limit: number | null;
    readonly status: 'proved' | 'calibrated' | 'open' | null;
  }[];
  /** Of a deployment none; printed all the same */
  readonly unsupported: readonly {
    readonly operator: string;
    readonly node: string;
    readonly reason: string;
    readonly remedy: string;
  }[];
  readonly chipMap: {
    readonly board: {
      readonly title: string;
      readonly copies: number;
      readonly chips: number;
      readonly chipsX: number;
      readonly chipsY: number;
      readonly chipsZ: number;
      readonly routersX: number;
      readonly routersY: number;
      readonly coresPerRouter: number;
      /** Of a chip */
      readonly usableCores: number;
    };
    readonly resources: readonly {
      readonly name: string;
      readonly capacity: number | null;
    }[];
    /** Chips in use; fill: of the binding resource of the fullest core */
    readonly chips: {
      readonly chip: readonly number[];
      readonly cores: readonly number[];
      readonly fill: readonly number[];
      readonly energyPj: readonly (number | null)[];
    };
    /** In the order of the manifest; per image */
    readonly cores: {
      readonly chip: readonly number[];
      readonly x: readonly number[];
      readonly y: readonly number[];
      readonly slot: readonly number[];
      /** Within its chip, as inspect and links name it */
      readonly number: readonly number[];
      readonly tiles: readonly number[];
      /** Of most of its neurons */
      readonly layer: readonly number[];
      /** Of resources */
      readonly binding: readonly number[];
      readonly fill: readonly number[];
      /** [resource][core] */
      readonly used: readonly (readonly number[])[];
      readonly updates: readonly number[];
      readonly synops: readonly number[];
      /** That leave the core */
      readonly messagesOut: readonly number[];
      /** Of other cores */
      readonly messagesIn: readonly number[];
      /** Updates and synops of an image one after the other */
      readonly workSeconds: readonly number[];
      /** [cost set][core] */
      readonly energyPj: readonly (readonly number[])[];
    };
    readonly tiles: {
      readonly start: readonly number[];
      readonly layer: readonly number[];
      /** [group0, group1, row0, row1, channel0, channel1] each as a column; null: too many, see snnc inspect */
      readonly boxes: readonly (readonly number[])[] | null;
    };
  };
  readonly traffic: {
    /** Of an image, one for each firing neuron and core that reads it */
    readonly messages: number;
    readonly hops: number;
    /** Of a link on a chip; null: unknown */
    readonly capacity: {
      readonly messagesPerSecond: number;
      readonly status: string;
      readonly source: string;
    } | null;
    /** Links of chips that carry anything */
    readonly links: {
      readonly chip: readonly number[];
      readonly x: readonly number[];
      readonly y: readonly number[];
      /** 0 east, 1 west, 2 south, 3 north: x + 1, x − 1, y + 1, y − 1 */
      readonly direction: readonly number[];
      /** Of an image */
      readonly messages: readonly number[];
    };
    /** Between chips: from the chip of the sender to that of the reader, of an image */
    readonly borders: {
      readonly from: readonly number[];
      readonly to: readonly number[];
      readonly messages: readonly number[];
    };
    readonly hottest: readonly {
      readonly from: {
        readonly chip: number;
        readonly x: number;
        readonly y: number;
      };
      readonly direction: 'east' | 'west' | 'south' | 'north';
      readonly messages: number;
      /** Of its capacity, in the interval of a stream */
      readonly share: number | null;
      /** Who sends over it, most first */
      readonly users: readonly {
        readonly layer: number;
        readonly messages: number;
      }[];
    }[];
    /** [n]: messages of an image that pass n links on a chip */
    readonly hopsHistogram: readonly number[];
    readonly averageHops: number | null;
    readonly longestPath: number;
    readonly interChip: {
      readonly messages: number;
      readonly share: number;
    };
    readonly flows: {
      readonly count: number;
      /** Cores by their place in chipMap.cores; hops null between chips */
      readonly top: readonly {
        readonly from: number;
        readonly to: number;
        readonly layer: number;
        readonly messages: number;
        readonly hops: number | null;
      }[];
    };
  };
  readonly time: {
    readonly floor: 'tick' | 'barrier';
    /** Durations that nobody has published, which count as 0 */
    readonly unknown: readonly string[];
    readonly bound: {
      readonly layerwiseSeconds: number;
      readonly intervalSeconds: number;
      readonly pipelinedStepSeconds: number;
      /** Of the longest step of a stream */
      readonly termsNs: {
        readonly updates: number;
        readonly synops: number;
        readonly memory: number;
        readonly link: number;
        readonly floor: number;
      };
    };
    /** Share of a stream’s time in which each of them is the longest of the bound’s terms */
    readonly split: {
      readonly compute: number;
      readonly noc: number;
      readonly barrier: number;
    };
    readonly splitSource: 'bound' | 'timed';
    /** Cores by what an image gives them to do, the longest of its three terms */
    readonly busiest: readonly {
      readonly core: number;
      readonly layer: number;
      readonly seconds: number;
      readonly updatesSeconds: number | null;
      readonly synopsSeconds: number | null;
      readonly memorySeconds: number | null;
    }[];
    /** Timesteps of one image alone: the bound, and the most that one core or link has to do */
    readonly steps: {
      readonly seconds: readonly number[];
      readonly binding: readonly ('updates' | 'synops' | 'memory' | 'link' | 'floor')[];
      readonly updates: readonly number[];
      readonly synops: readonly number[];
      readonly words: readonly number[];
      readonly link: readonly number[];
    };
    /** Each reads the one before it; none can be earlier */
    readonly criticalPath: readonly {
      readonly layer: number;
      readonly step: number;
    }[];
    /** Timesteps in which a layer works on one image: start … end − 1 */
    readonly pipeline: {
      readonly layer: readonly number[];
      readonly start: readonly number[];
      readonly end: readonly number[];
    };
    /** The same images event by event; null: nothing was timed */
    readonly timed: {
      readonly images: number;
      readonly unknown: readonly string[];
      readonly end: {
        readonly name: string;
        readonly seconds: number;
      };
      readonly latency: {
        readonly seconds: {
          readonly min: number;
          readonly mean: number;
          readonly max: number;
        };
        readonly boundSeconds: number;
        readonly eventToBound: number;
        readonly steps: number;
      };
      readonly stream: {
        readonly intervalSeconds: number;
        readonly imagesPerSecond: number;
        readonly boundSeconds: number;
        readonly eventToBound: number;
        readonly steps: number;
        readonly stepSeconds: {
          readonly min: number;
          readonly mean: number;
          readonly max: number;
        };
        readonly warmUp: {
          readonly steps: number;
          readonly seconds: number | null;
        };
        readonly binds: { readonly [key: string]: number };
        readonly busiestCore: {
          readonly core: string;
          readonly share: number;
        };
        readonly busiestLink: {
          readonly link: string;
          readonly share: number;
          readonly messages: number;
        };
        readonly blocked: number;
      };
    } | null;
  };
  readonly quality: {
    readonly own: {
      readonly cost: number;
      readonly hottestLink: number;
      readonly hottestBorder: number;
      readonly longestPath: number;
      readonly averagePath: number;
    };
    readonly baselines: {
      readonly sequential: {
        readonly cost: number;
        readonly hottestLink: number;
        readonly hottestBorder: number;
        readonly longestPath: number;
        readonly averagePath: number;
      };
      readonly hilbert: {
        readonly cost: number;
        readonly hottestLink: number;
        readonly hottestBorder: number;
        readonly longestPath: number;
        readonly averagePath: number;
      };
      readonly hilbertForce: {
        readonly cost: number;
        readonly hottestLink: number;
        readonly hottestBorder: number;
        readonly longestPath: number;
        readonly averagePath: number;
      };
    };
    readonly lowerBound: number;
    /** Cost above the lower bound, as a share of it */
    readonly gap: number;
    /** No mapping in this mode takes fewer */
    readonly leastCores: number | null;
    readonly routes: number;
    readonly deliveries: number;
    /** Proofs that no integer overflows */
    readonly widths: {
      readonly proved: number;
      readonly calibrated: number;
      readonly open: number;
      readonly says: string;
    } | null;
  };
  readonly alternatives: {
    readonly bottlenecks: readonly {
      readonly of: 'cores' | 'time' | 'link' | 'energy' | 'latency';
      /** A resource, a term of the bound, a link, a part of the energy */
      readonly what: string;
      readonly share: number | null;
      /** That take most of it, most first */
      readonly layers: readonly number[];
      readonly says: string;
    }[];
    /** Each mapped anew, none guessed */
    readonly changes: readonly {
      readonly change: string;
      readonly says: string;
      readonly cores: {
        readonly before: number;
        readonly after: number;
      };
      readonly chips: {
        readonly before: number;
        readonly after: number;
      };
      readonly latencySeconds: {
        readonly before: number;
        readonly after: number;
      };
      readonly throughput: {
        readonly before: number;
        readonly after: number;
      };
      readonly energyPj: {
        readonly before: number;
        readonly after: number;
      } | null;
      readonly improves: 'cores' | 'chips' | 'latencySeconds' | 'throughput' | 'energyPj' | null;
    }[];
    /** Changes that were mapped; those that change most are shown */
    readonly tried: number;
    readonly missing: {
      readonly reason: string;
      readonly command: string;
    } | null;
    /** What it takes and gives in each mode */
    readonly modes: readonly {
      readonly mode: 'pipelined' | 'layerwise' | 'streaming';
      readonly board: string | null;
      readonly fits: boolean;
      readonly refused: string | null;
      readonly cores: number | null;
      readonly leastCores: number | null;
      readonly chips: number | null;
      readonly latency: {
        readonly steps: number;
        readonly seconds: number;
      } | null;
      readonly interval: {
        readonly steps: number;
        readonly seconds: number;
      } | null;
      readonly stepSeconds: number | null;
      readonly throughput: number | null;
      readonly energyPj: {
        readonly low: number;
        readonly high: number;
      } | null;
    }[];
  };
  readonly provenance: {
    readonly manifest: string;
    readonly model: {
      readonly file: string;
      readonly sha256: string;
      readonly data: readonly {
        readonly file: string;
        readonly sha256: string;
      }[];
    };
    readonly tool: {
      readonly name: string;
      readonly version: string;
    };
    readonly options: { readonly [key: string]: string | number | boolean | null };
    readonly seed: number;
    readonly stages: readonly {
      readonly name: string;
      readonly sha256: string;
    }[];
    readonly descriptors: readonly {
      readonly vlnv: string;
      readonly sha256: string;
    }[];
    readonly files: readonly {
      readonly path: string;
      readonly bytes: number;
      readonly sha256: string;
    }[];
    /** Of the machine that compiled it; no hash covers it */
    readonly build: {
      readonly seconds: number;
      readonly peakBytes: number;
      readonly node: string;
      readonly passes: readonly {
        readonly name: string;
        readonly seconds: number;
        readonly peakBytes: number | null;
      }[];
    } | null;
    /** Every figure of the target but the costs, which are energy.constants */
    readonly constants: readonly {
      readonly name: string;
      readonly value: string | number | boolean | null;
      readonly unit: string | null;
      readonly status: string;
      readonly source: string;
    }[];
    readonly restsOn: readonly {
      readonly name: string;
      readonly value: string | number | boolean | null;
      readonly unit: string | null;
      readonly status: string;
      readonly source: string;
    }[];
    readonly diagnostics: readonly {
      readonly code: string;
      readonly message: string;
      readonly at: string;
    }[];
    readonly notes: readonly string[];
  };
  /** Formula, unit, constants, source and status of every number above */
  readonly figures: readonly {
    /** Places in this report: keys joined by dots, places in lists left out, * stands for any one key */
    readonly paths: readonly string[];
    readonly says: string;
    readonly formula: string;
    readonly unit: string;
    readonly status: 'given' | 'counted' | 'simulated' | 'estimated' | 'assumed' | 'unknown';
    /** Names in energy.constants or provenance.constants */
    readonly constants: readonly string[];
    readonly source: string;
  }[];
};

export type InspectResult = {
  readonly model: string;
  readonly cores: readonly {
    readonly core: string;
    readonly router: string;
    readonly slot: number;
    readonly binding: string | null;
    readonly fill: { readonly [key: string]: number };
    readonly inAxons: number;
    readonly weightBlocks: readonly string[];
    readonly tiles: readonly {
      readonly population: string;
      readonly depth: number;
      readonly [key: string]: unknown;
    }[];
    readonly [key: string]: unknown;
  }[];
  readonly [key: string]: unknown;
};

export type DiffResult = {
  readonly schema: 'snnc-diff';
  readonly schemaVersion: 1;
  readonly equal: boolean;
  readonly a: {
    readonly path: string;
    readonly model: string;
    readonly target: string;
    readonly manifest: string;
    readonly isValidated: boolean;
  };
  readonly b: {
    readonly path: string;
    readonly model: string;
    readonly target: string;
    readonly manifest: string;
    readonly isValidated: boolean;
  };
  readonly changes: readonly {
    readonly section: string;
    readonly name: string;
    readonly unit: string;
    readonly a: number | string | boolean | null;
    readonly b: number | string | boolean | null;
    readonly delta: number | null;
    readonly ratio: number | null;
  }[];
  readonly populations: {
    readonly onlyA: readonly string[];
    readonly onlyB: readonly string[];
    readonly changed: readonly {
      readonly name: string;
      readonly origin: string;
      readonly changes: readonly {
        readonly section: string;
        readonly name: string;
        readonly unit: string;
        readonly a: number | string | boolean | null;
        readonly b: number | string | boolean | null;
        readonly delta: number | null;
        readonly ratio: number | null;
      }[];
    }[];
  };
  readonly figures: readonly {
    readonly section: string;
    readonly name: string;
    readonly unit: string;
    readonly a: number | string | boolean | null;
    readonly b: number | string | boolean | null;
    readonly delta: number | null;
    readonly ratio: number | null;
  }[];
  readonly cores: {
    readonly resources: readonly string[];
    readonly populations: readonly string[];
    readonly a: {
      /** CHIP:NUMBER, as inspect and explain name it */
      readonly core: readonly string[];
      readonly chip: readonly number[];
      readonly x: readonly number[];
      readonly y: readonly number[];
      readonly slot: readonly number[];
      /** Of resources */
      readonly binding: readonly number[];
      /** Of the binding resource: 1 is all of it */
      readonly fill: readonly number[];
      /** Of populations, that of most neurons; −1: not known */
      readonly population: readonly number[];
      /** Of its seat: 0 the same in both, 1 changed, 2 only here */
      readonly state: readonly number[];
    };
    readonly b: {
      /** CHIP:NUMBER, as inspect and explain name it */
      readonly core: readonly string[];
      readonly chip: readonly number[];
      readonly x: readonly number[];
      readonly y: readonly number[];
      readonly slot: readonly number[];
      /** Of resources */
      readonly binding: readonly number[];
      /** Of the binding resource: 1 is all of it */
      readonly fill: readonly number[];
      /** Of populations, that of most neurons; −1: not known */
      readonly population: readonly number[];
      /** Of its seat: 0 the same in both, 1 changed, 2 only here */
      readonly state: readonly number[];
    };
    readonly changed: readonly {
      readonly seat: {
        readonly chip: number;
        readonly x: number;
        readonly y: number;
        readonly slot: number;
      };
      readonly a: {
        readonly core: string;
        readonly binding: string;
        readonly fill: number;
        readonly populations: readonly string[];
      } | null;
      readonly b: {
        readonly core: string;
        readonly binding: string;
        readonly fill: number;
        readonly populations: readonly string[];
      } | null;
    }[];
  };
  readonly files: readonly {
    readonly path: string;
    readonly isProgram: boolean;
    readonly equal: boolean;
    readonly bytes: {
      readonly a: number | null;
      readonly b: number | null;
    };
    readonly firstByte: number | null;
  }[];
  readonly stages: readonly {
    readonly name: string;
    readonly equal: boolean;
    readonly first: {
      readonly where: string;
      readonly origin: string | null;
      readonly a: string | null;
      readonly b: string | null;
    } | null;
  }[];
};

export type ExplainResult = {
  readonly schema: 'snnc-explain';
  readonly schemaVersion: 0;
  readonly folder: string;
  readonly mode: 'pipelined' | 'layerwise' | 'streaming';
  readonly whatIf: readonly {
    readonly change: string;
    readonly says: string;
    readonly cores: {
      readonly before: number;
      readonly after: number;
    };
    readonly chips: {
      readonly before: number;
      readonly after: number;
    };
    readonly latencySeconds: {
      readonly before: number;
      readonly after: number;
    };
    readonly throughput: {
      readonly before: number;
      readonly after: number;
    };
    readonly energyPj: {
      readonly before: number;
      readonly after: number;
    } | null;
    readonly improves: 'cores' | 'chips' | 'latencySeconds' | 'throughput' | 'energyPj' | null;
  }[];
  readonly kind: 'population';
  readonly name: string;
  readonly origin: string;
  readonly function: string;
  readonly emit: string;
  readonly shape: readonly number[];
  readonly neurons: number;
  readonly rate: number;
  readonly theta: number | null;
  readonly levels: number | null;
  readonly reads: readonly string[];
  readonly readBy: readonly string[];
  readonly tile: readonly {
    readonly resource: 'neurons' | 'stateWords' | 'synapseWords' | 'inAxons' | 'outAxonEntries' | 'groups' | 'memoryBytes';
    readonly used: number;
    readonly available: number;
  }[];
  readonly cores: readonly {
    readonly core: string;
    readonly tiles: number;
    readonly binding: {
      readonly resource: 'neurons' | 'stateWords' | 'synapseWords' | 'inAxons' | 'outAxonEntries' | 'groups' | 'memoryBytes';
      readonly used: number;
      readonly available: number;
    };
    readonly with: readonly string[];
  }[];
  readonly cuts: readonly {
    readonly cut: {
      readonly tokens: number;
      readonly channels: number;
      readonly heads: number;
    };
    readonly isTaken: boolean;
    readonly tiles: number;
    readonly fits: boolean;
    readonly binding: {
      readonly resource: 'neurons' | 'stateWords' | 'synapseWords' | 'inAxons' | 'outAxonEntries' | 'groups' | 'memoryBytes';
      readonly used: number;
      readonly available: number;
    };
    readonly messages: number | null;
  }[];
} | {
  readonly schema: 'snnc-explain';
  readonly schemaVersion: 0;
  readonly folder: string;
  readonly mode: 'pipelined' | 'layerwise' | 'streaming';
  readonly whatIf: readonly {
    readonly change: string;
    readonly says: string;
    readonly cores: {
      readonly before: number;
      readonly after: number;
    };
    readonly chips: {
      readonly before: number;
      readonly after: number;
    };
    readonly latencySeconds: {
      readonly before: number;
      readonly after: number;
    };
    readonly throughput: {
      readonly before: number;
      readonly after: number;
    };
    readonly energyPj: {
      readonly before: number;
      readonly after: number;
    } | null;
    readonly improves: 'cores' | 'chips' | 'latencySeconds' | 'throughput' | 'energyPj' | null;
  }[];
  readonly kind: 'core';
  readonly core: string;
  readonly chip: number;
  readonly router: readonly [number, number];
  readonly slot: number;
  readonly binding: 'neurons' | 'stateWords' | 'synapseWords' | 'inAxons' | 'outAxonEntries' | 'groups' | 'memoryBytes';
  readonly used: readonly {
    readonly resource: 'neurons' | 'stateWords' | 'synapseWords' | 'inAxons' | 'outAxonEntries' | 'groups' | 'memoryBytes';
    readonly used: number;
    readonly available: number;
  }[];
  readonly tiles: readonly {
    readonly population: string;
    readonly tokens: readonly [number, number];
    readonly channels: readonly [number, number];
    readonly heads: readonly [number, number];
    readonly alone: readonly {
      readonly resource: 'neurons' | 'stateWords' | 'synapseWords' | 'inAxons' | 'outAxonEntries' | 'groups' | 'memoryBytes';
      readonly used: number;
      readonly available: number;
    }[];
    readonly roomOn: number;
  }[];
  readonly sendsTo: number;
  readonly hearsFrom: number;
  readonly roomFor: number;
} | {
  readonly schema: 'snnc-explain';
  readonly schemaVersion: 0;
  readonly folder: string;
  readonly mode: 'pipelined' | 'layerwise' | 'streaming';
  readonly whatIf: readonly {
    readonly change: string;
    readonly says: string;
    readonly cores: {
      readonly before: number;
      readonly after: number;
    };
    readonly chips: {
      readonly before: number;
      readonly after: number;
    };
    readonly latencySeconds: {
      readonly before: number;
      readonly after: number;
    };
    readonly throughput: {
      readonly before: number;
      readonly after: number;
    };
    readonly energyPj: {
      readonly before: number;
      readonly after: number;
    } | null;
    readonly improves: 'cores' | 'chips' | 'latencySeconds' | 'throughput' | 'energyPj' | null;
  }[];
  readonly kind: 'limit';
  readonly resource: 'neurons' | 'stateWords' | 'synapseWords' | 'inAxons' | 'outAxonEntries' | 'groups' | 'memoryBytes';
  readonly available: number;
  readonly figure: {
    readonly value: number;
    readonly unit: string;
    readonly status: string;
    readonly source: string;
    readonly [key: string]: unknown;
  } | null;
  readonly cores: number;
  readonly bound: number;
  readonly used: number;
  readonly leastCores: number;
  readonly histogram: readonly number[];
  readonly fullest: readonly {
    readonly core: string;
    readonly used: number;
    readonly populations: readonly string[];
  }[];
  readonly populations: readonly {
    readonly name: string;
    readonly used: number;
    readonly tiles: number;
  }[];
  readonly behind: readonly {
    readonly resource: 'neurons' | 'stateWords' | 'synapseWords' | 'inAxons' | 'outAxonEntries' | 'groups' | 'memoryBytes';
    readonly cores: number;
  }[];
} | {
  readonly schema: 'snnc-explain';
  readonly schemaVersion: 0;
  readonly folder: string;
  readonly mode: 'pipelined' | 'layerwise' | 'streaming';
  readonly whatIf: readonly {
    readonly change: string;
    readonly says: string;
    readonly cores: {
      readonly before: number;
      readonly after: number;
    };
    readonly chips: {
      readonly before: number;
      readonly after: number;
    };
    readonly latencySeconds: {
      readonly before: number;
      readonly after: number;
    };
    readonly throughput: {
      readonly before: number;
      readonly after: number;
    };
    readonly energyPj: {
      readonly before: number;
      readonly after: number;
    } | null;
    readonly improves: 'cores' | 'chips' | 'latencySeconds' | 'throughput' | 'energyPj' | null;
  }[];
  readonly kind: 'overview';
  readonly target: string;
  readonly cores: number;
  readonly limits: readonly {
    readonly resource: 'neurons' | 'stateWords' | 'synapseWords' | 'inAxons' | 'outAxonEntries' | 'groups' | 'memoryBytes';
    readonly available: number;
    readonly bound: number;
    readonly fullest: number;
    readonly mean: number;
  }[];
  readonly populations: readonly {
    readonly name: string;
    readonly origin: string;
    readonly tiles: number;
    readonly cores: number;
  }[];
};

export type ExportResult = {
  readonly files: readonly string[];
  readonly [key: string]: unknown;
};

export type TargetsResult = {
  readonly targets: readonly {
    readonly name: string;
    readonly title: string;
    readonly description: string;
    readonly coresPerChip: number;
    readonly capabilities: readonly string[];
    readonly boards: readonly {
      readonly name: string;
      readonly spec: string;
      readonly chips: number;
      readonly cores: number;
      readonly [key: string]: unknown;
    }[];
    readonly [key: string]: unknown;
  }[];
  readonly [key: string]: unknown;
};

export type OperatorsResult = {
  readonly operators: readonly {
    readonly domain: string;
    readonly operator: string;
    readonly limits: string | null;
    readonly [key: string]: unknown;
  }[];
  readonly [key: string]: unknown;
};
