// What a step needs beside the gradients, from what it reported (the norm first) and what it was told (learning rate,
// largest norm, KL weight, norm to skip at): whether it is taken, the factor that clips, the rate and the second
// moment's correction after so many steps, and the decay of the average. Steps count those that were taken.
extern "C" __global__ void step_constants(
    const double* report, int reported, const double* told, double* steps, float* constants,
    double beta1, double beta2, double decay, int corrects_second)
{
    bool taken = !(report[0] > told[3]);
    for (int i = 0; i < reported; i++)
    {
        taken = taken && isfinite(report[i]);
    }

    double step = steps[0] + (taken ? 1 : 0);
    steps[0] = step;
    step = step < 1 ? 1 : step;
    constants[0] = taken;
    constants[1] = (float)(report[0] > told[1] ? told[1] / report[0] : 1);
    constants[2] = (float)(told[0] / (1 - pow(beta1, step)));
    constants[3] = corrects_second ? (float)(1 / (1 - pow(beta2, step))) : 1;
    constants[4] = (float)fmin(decay, step / (9 + step));
}

// Kingma and Ba 2015, algorithm 1.
extern "C" __global__ void adam_step(
    float* values, const float* gradients, float* first, float* second, const float* constants, long long count,
    float first_decay, float first_share, float second_decay, float second_share, float epsilon)
{
    if (constants[0] == 0)
    {
        return;
    }

    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += (long long)gridDim.x * blockDim.x)
    {
        float g = gradients[i] * constants[1];
        float m = first[i] * first_decay + g * first_share;
        float v = second[i] * second_decay + g * g * second_share;
        first[i] = m;
        second[i] = v;
        values[i] -= constants[2] * m / (sqrtf(v * constants[3]) + epsilon);
    }
}

// Kingma and Ba 2015, algorithm 2.
extern "C" __global__ void adamax_step(
    float* values, const float* gradients, float* first, float* second, const float* constants, long long count,
    float first_decay, float first_share, float second_decay, float epsilon)
{
    if (constants[0] == 0)
    {
        return;
    }

    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += (long long)gridDim.x * blockDim.x)
    {
        float g = gradients[i] * constants[1];
        float m = first[i] * first_decay + g * first_share;
        float u = fmaxf(second[i] * second_decay, fabsf(g) + epsilon);
        first[i] = m;
        second[i] = u;
        values[i] -= constants[2] * m / u;
    }
}

// The average of the parameters goes on by a step, unless that was skipped.
extern "C" __global__ void average_step(float* average, const float* values, const float* constants, long long count)
{
    if (constants[0] == 0)
    {
        return;
    }

    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += (long long)gridDim.x * blockDim.x)
    {
        average[i] = average[i] * constants[4] + values[i] * (1 - constants[4]);
    }
}
