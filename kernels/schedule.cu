// step += 1; learning rate = learningRate · (1 - (step - 1) / steps), never below 0. One thread.
#include "common.cuh"
#include "stepstate.cuh"

extern "C" __global__ void __launch_bounds__(32) schedule_step(float learning_rate, int steps, StepState state)
{
    if (threadIdx.x != 0) return;
    int step = ++state.counters->step;
    double left = 1 - (step - 1) / static_cast<double>(steps);
    state.scalars->learning_rate = static_cast<float>(learning_rate * (left > 0 ? left : 0));
}
