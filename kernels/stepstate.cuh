// The values that change from step to step, in device memory, in the layout of EsimCse.Core's StepState. Kernels take
// the struct StepState by value.
#pragma once

struct StepCounters
{
    int step;             // from 1; 0 before the first
    int not_finite_step;  // the first step whose loss or gradient norm was not finite; 0 for none
    int queue_head;       // the queue row that the next push writes first
    int queue_count;      // number of filled queue rows
    int first_sentence;   // place in its view of the first sentence of the batch
};

struct StepScalars
{
    float loss;
    float learning_rate;
    float gradient_norm;  // over all gradients, before clipping
    float clip_scale;     // factor of every gradient
    float masked_language_loss;
};

struct StepState
{
    StepCounters* counters;
    StepScalars* scalars;
};
