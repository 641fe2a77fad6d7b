// step += 1; learning rate = learningRate · (1 - (step - 1) / steps), never below 0. counters[0] is the step, scalars[1] the learning rate. One thread.
#include "common.cuh"

extern "C" __global__ void __launch_bounds__(32) schedule_step(float learning_rate, int steps, int* counters, float* scalars)
{
    if (threadIdx.x != 0) return;
    int step = ++counters[0];
    double left = 1 - (step - 1) / static_cast<double>(steps);
    scalars[1] = static_cast<float>(learning_rate * (left > 0 ? left : 0));
}
