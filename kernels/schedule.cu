// step += 1; learning rate = base · (1 - (step - 1) / steps), not below 0: linear decay. One thread.
#include "common.cuh"
#include "stepstate.cuh"

extern "C" __global__ void __launch_bounds__(32) schedule_step(float base_learning_rate, int steps, StepState state)
{
    if (threadIdx.x != 0) return;
    int step = ++state.counters->step;
    double factor = 1 - (step - 1) / static_cast<double>(steps);
    state.scalars->learning_rate = static_cast<float>(base_learning_rate * (factor > 0 ? factor : 0));
}
