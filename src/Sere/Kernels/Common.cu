// What the kernels of a CUDA device share. All .cu files of this folder are compiled as one program, this one first.

// The activations, numbered as in Activation.cs; 0 is none.
__device__ inline float activate(int activation, float x)
{
    switch (activation)
    {
        case 1: return x > 0 ? x : expm1f(x);
        case 2: return x > 0 ? x : 0;
        case 3: return x > 0 ? x : 0.01f * x;
        case 4: return tanhf(x);
        default: return x;
    }
}

// a'(x) from a(x): 1 above a bound, and a polynomial below. One formula for all activations, because branches between
// reads make each wait for the one before.
struct Slope
{
    float bound, constant, linear, square;

    __device__ explicit Slope(int activation) : bound(0), constant(1), linear(0), square(0)
    {
        switch (activation)
        {
            case 1: linear = 1; break;
            case 2: constant = 0; break;
            case 3: constant = 0.01f; break;
            case 4: bound = 1; square = -1; break;
        }
    }

    __device__ float of(float value) const
    {
        return value > bound ? 1 : constant + value * (linear + value * square);
    }
};

__device__ inline float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

// log(1 + e^x).
__device__ inline float softplus(float x)
{
    return fmaxf(x, 0) + log1pf(expf(-fabsf(x)));
}

// The sum over the threads of a block, whose number is a power of two; everyone gets it. Scratch holds one number a
// thread.
template <typename T>
__device__ inline T block_sum(T value, T* scratch)
{
    __syncthreads();
    scratch[threadIdx.x] = value;
    for (int half = blockDim.x / 2; half > 0; half /= 2)
    {
        __syncthreads();
        if (threadIdx.x < half)
        {
            scratch[threadIdx.x] += scratch[threadIdx.x + half];
        }
    }

    __syncthreads();
    T sum = scratch[0];
    __syncthreads();
    return sum;
}
