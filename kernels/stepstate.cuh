// The numbers that change from step to step: device memory, laid out as EsimCse.Core's StepState says. Passed to kernels by value.
#pragma once

struct StepCounters
{
    int step;             // from 1; 0 before the first
    int not_finite_step;  // the first step whose loss or gradient norm was not finite; 0 for none
    int queue_head;       // the row of the queue that the next push writes first
    int queue_count;      // rows of the queue that are filled
};

struct StepScalars
{
    float loss;
    float learning_rate;
    float gradient_norm;  // over all gradients, before clipping
    float clip_scale;     // factor of every gradient
};

struct StepState
{
    StepCounters* counters;
    StepScalars* scalars;
};
