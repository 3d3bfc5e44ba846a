// All layers of a chain at once (PerceptronChain.cs): a block takes some rows from the first layer to the last, so that
// codes and features stay in shared memory, and each layer's weights are read once a block.
struct ChainPlan
{
    int layers, latents, maps, rows, images, activation, log_ratio, noise_stride, mean_stride, log_scale_stride, widest;

    // Inputs of each map of a network, from N on.
    int inputs[4];
    ChainStepBounds bounds;

    __device__ int outputs(int network, int map) const
    {
        return map < maps - 1 ? inputs[map + 1] : (2 + network) * latents;
    }

    // Of the weights of a map in the table; the bias follows.
    __device__ int parameter(int layer, int network, int map) const
    {
        return (((layer - 1) * 2 + network) * maps + map) * 2;
    }

    __device__ int mean_residual(int layer) const
    {
        return (layers - 1) * 4 * maps + layer;
    }

    __device__ int log_scale_residual(int layer) const
    {
        return mean_residual(layer) + layers;
    }

    // Of the transposed weights of a map; a network's take as many numbers whichever it is.
    __device__ long long transposed(int layer, int network, int map) const
    {
        long long start = 0, size = 0;
        for (int other = 0; other < maps; other++)
        {
            start += other < map ? (long long)inputs[other] * outputs(1, other) : 0;
            size += (long long)inputs[other] * outputs(1, other);
        }

        return ((layer - 1) * 2 + network) * size + start;
    }

    // Of a row of the features that a map takes, in a buffer of all hidden features.
    __device__ long long hidden(int layer, int network, int map, long long row) const
    {
        long long start = 0, size = 0;
        for (int other = 1; other < maps; other++)
        {
            start += other < map ? inputs[other] : 0;
            size += inputs[other];
        }

        return (((layer - 1) * 2 + network) * size + start) * rows + row * inputs[map];
    }

    // Of a row of what the networks of a layer say: 2 N of the prior, 3 N of the bijector.
    __device__ long long said(int layer, long long row) const
    {
        return ((layer - 1) * (long long)rows + row) * 5 * latents;
    }
};

struct ChainTable
{
    float* at[448];
};

// The weights [O, I] of all maps as [I, O], so that neighbouring threads read neighbouring numbers.
extern "C" __global__ void chain_transpose(const __grid_constant__ ChainPlan plan, const __grid_constant__ ChainTable table, float* transposed)
{
    int map = blockIdx.y % plan.maps;
    int network = blockIdx.y / plan.maps % 2;
    int layer = blockIdx.y / plan.maps / 2 + 1;
    int inputs = plan.inputs[map], outputs = plan.outputs(network, map);
    const float* weight = table.at[plan.parameter(layer, network, map)];
    float* target = transposed + plan.transposed(layer, network, map);
    __shared__ float tile[32][33];
    int across = (outputs + 31) / 32;
    int first_output = blockIdx.x % across * 32, first_input = blockIdx.x / across * 32;
    if (first_input >= inputs)
    {
        return;
    }

    for (int part = threadIdx.y; part < 32; part += blockDim.y)
    {
        int output = first_output + part, input = first_input + threadIdx.x;
        tile[part][threadIdx.x] = output < outputs && input < inputs ? weight[output * inputs + input] : 0;
    }

    __syncthreads();
    for (int part = threadIdx.y; part < 32; part += blockDim.y)
    {
        int input = first_input + part, output = first_output + threadIdx.x;
        if (output < outputs && input < inputs)
        {
            target[input * outputs + output] = tile[threadIdx.x][part];
        }
    }
}

// Products of both networks' matrices with R rows each: y_j = sum_i matrix[i, j] x_i, the sum cut into pieces so that all
// threads have work; the pieces lie in partial [pieces, columns, R] afterwards. Returns how many pieces there are.
template <int R>
__device__ inline int multiply(
    const float* __restrict__ first, const float* __restrict__ second, int first_terms, int second_terms, int first_columns, int second_columns,
    const float* x, int network_stride, int widest, float* partial)
{
    int columns = first_columns + second_columns;
    int terms = max(first_terms, second_terms);
    int pieces = max(1, min((int)blockDim.x / columns, terms));
    int length = (terms + pieces - 1) / pieces;
    for (int job = threadIdx.x; job < columns * pieces; job += blockDim.x)
    {
        int column = job % columns, piece = job / columns;
        int network = column >= first_columns;
        const float* matrix = network ? second : first;
        int width = network ? second_columns : first_columns;
        matrix += network ? column - first_columns : column;
        const float* rows = x + network * network_stride;
        int last = min((piece + 1) * length, network ? second_terms : first_terms);
        float sums[R] = {};
#pragma unroll 20
        for (int i = piece * length; i < last; i++)
        {
            float weight = matrix[(long long)i * width];
            for (int r = 0; r < R; r++)
            {
                sums[r] += weight * rows[r * widest + i];
            }
        }

        for (int r = 0; r < R; r++)
        {
            partial[(piece * R + r) * columns + column] = sums[r];
        }
    }

    __syncthreads();
    return pieces;
}

template <int R>
__device__ inline float gather(const float* partial, int pieces, int columns, int row, int column)
{
    float sum = 0;
    for (int piece = 0; piece < pieces; piece++)
    {
        sum += partial[(piece * R + row) * columns + column];
    }

    return sum;
}

// Codes [L, rows, N] and costs [L, rows]. Hidden and said keep what a backward pass needs; null where none follows.
template <int R>
__device__ inline void chain_forward(
    const ChainPlan& plan, const ChainTable& table, const float* __restrict__ transposed, const float* constant, const float* noise,
    float* codes, float* costs, float* hidden, float* said)
{
    extern __shared__ float shared[];
    int n = plan.latents, widest = plan.widest;
    int network_stride = R * widest;
    float* features = shared;
    float* next = features + 2 * network_stride;
    float* code = next + 2 * network_stride;
    float* terms = code + network_stride;
    float* partial = terms + 2 * R * n;
    long long first = (long long)blockIdx.x * R;
    for (int layer = 0; layer < plan.layers; layer++)
    {
        if (layer > 0)
        {
            for (int map = 0; map < plan.maps; map++)
            {
                int inputs = plan.inputs[map];
                int prior = plan.outputs(0, map), bijector = plan.outputs(1, map), columns = prior + bijector;
                int pieces = multiply<R>(
                    transposed + plan.transposed(layer, 0, map), transposed + plan.transposed(layer, 1, map),
                    inputs, inputs, prior, bijector,
                    map == 0 ? code : features, map == 0 ? 0 : network_stride, widest, partial);
                bool last = map == plan.maps - 1;
                for (int job = threadIdx.x; job < columns * R; job += blockDim.x)
                {
                    int column = job % columns, r = job / columns;
                    int network = column >= prior;
                    int output = network ? column - prior : column;
                    float value = gather<R>(partial, pieces, columns, r, column)
                        + table.at[plan.parameter(layer, network, map) + 1][output];
                    value = last ? value : activate(plan.activation, value);
                    next[network * network_stride + r * widest + output] = value;
                    if (said && first + r < plan.rows)
                    {
                        if (last)
                        {
                            said[plan.said(layer, first + r) + column] = value;
                        }
                        else
                        {
                            hidden[plan.hidden(layer, network, map + 1, first + r) + output] = value;
                        }
                    }
                }

                __syncthreads();
                float* swap = features;
                features = next;
                next = swap;
            }
        }

        const float* means = table.at[plan.mean_residual(layer)];
        const float* log_scales = table.at[plan.log_scale_residual(layer)];
        for (int job = threadIdx.x; job < R * n; job += blockDim.x)
        {
            int i = job % n, r = job / n;
            long long row = min(first + r, (long long)plan.rows - 1);
            long long evidence = row % plan.images;
            ChainElement e(
                layer ? features + r * widest : 0, layer ? features + network_stride + r * widest : constant,
                means[evidence * plan.mean_stride + i], log_scales[evidence * plan.log_scale_stride + i],
                noise[row * plan.noise_stride + layer * n + i], n, i, plan.bounds);
            terms[job] = e.cost(plan.log_ratio);
            terms[R * n + job] = e.direction * e.base_latent;
            code[r * widest + i] = e.offset + e.diagonal * e.base_latent;

            // The direction is asked for again when the projection is known.
            next[r * widest + i] = e.direction;
        }

        __syncthreads();
        for (int job = threadIdx.x; job < R * n; job += blockDim.x)
        {
            int i = job % n, r = job / n;
            float cost = 0, projection = 0;
            for (int other = 0; other < n; other++)
            {
                cost += terms[r * n + other];
                projection += terms[(R + r) * n + other];
            }

            float z = code[r * widest + i] + next[r * widest + i] * projection;
            code[r * widest + i] = z;
            if (first + r < plan.rows)
            {
                codes[((long long)layer * plan.rows + first + r) * n + i] = z;
                if (i == 0)
                {
                    costs[(long long)layer * plan.rows + first + r] = cost;
                }
            }
        }

        __syncthreads();
    }
}

extern "C" __global__ void __launch_bounds__(1024) chain_forward_2(
    const __grid_constant__ ChainPlan plan, const __grid_constant__ ChainTable table, const float* transposed, const float* constant, const float* noise,
    float* codes, float* costs, float* hidden, float* said)
{
    chain_forward<2>(plan, table, transposed, constant, noise, codes, costs, hidden, said);
}

extern "C" __global__ void __launch_bounds__(256) chain_forward_8(
    const __grid_constant__ ChainPlan plan, const __grid_constant__ ChainTable table, const float* transposed, const float* constant, const float* noise,
    float* codes, float* costs, float* hidden, float* said)
{
    chain_forward<8>(plan, table, transposed, constant, noise, codes, costs, hidden, said);
}

// The gradients by row: of the evidence, [L, rows, N] each; before the activations, laid out as hidden; of what the
// networks say, laid out as said; and of the first layer's bijector, [rows, 3 N].
extern "C" __global__ void __launch_bounds__(1024) chain_backward(
    const __grid_constant__ ChainPlan plan, const __grid_constant__ ChainTable table, const float* constant, const float* noise,
    const float* hidden, const float* said, const float* code_gradient, const float* cost_gradient,
    float* mean_gradient, float* log_scale_gradient, float* hidden_gradient, float* said_gradient, float* constant_gradient)
{
    const int R = 2;
    extern __shared__ float shared[];
    int n = plan.latents, widest = plan.widest;
    int network_stride = R * widest;
    float* slopes = shared;
    float* next = slopes + 2 * network_stride;
    float* carry = next + 2 * network_stride;
    float* terms = carry + network_stride;
    float* partial = terms + 2 * R * n;
    long long first = (long long)blockIdx.x * R;
    for (int job = threadIdx.x; job < R * n; job += blockDim.x)
    {
        carry[job / n * widest + job % n] = 0;
    }

    __syncthreads();
    for (int layer = plan.layers - 1; layer >= 0; layer--)
    {
        const float* means = table.at[plan.mean_residual(layer)];
        const float* log_scales = table.at[plan.log_scale_residual(layer)];
        for (int pass = 0; pass < 2; pass++)
        {
            for (int job = threadIdx.x; job < R * n; job += blockDim.x)
            {
                int i = job % n, r = job / n;
                long long row = min(first + r, (long long)plan.rows - 1);
                long long evidence = row % plan.images;
                const float* own = layer ? said + plan.said(layer, row) : 0;
                ChainElement e(
                    own, layer ? own + 2 * n : constant,
                    means[evidence * plan.mean_stride + i], log_scales[evidence * plan.log_scale_stride + i],
                noise[row * plan.noise_stride + layer * n + i], n, i, plan.bounds);
                float code = code_gradient[(layer * (long long)plan.rows + row) * n + i] + carry[r * widest + i];
                if (pass == 0)
                {
                    terms[job] = e.direction * e.base_latent;
                    terms[R * n + job] = e.direction * code;
                    continue;
                }

                float projection = 0, pull = 0;
                for (int other = 0; other < n; other++)
                {
                    projection += terms[r * n + other];
                    pull += terms[(R + r) * n + other];
                }

                float mean, log_scale;
                float* prior = layer ? slopes + r * widest : 0;
                float* bijector = slopes + network_stride + r * widest;
                chain_gradients(
                    e, code, cost_gradient[layer * (long long)plan.rows + row], projection, pull, plan.log_ratio,
                    plan.bounds, n, i, prior, bijector, &mean, &log_scale);
                if (first + r < plan.rows)
                {
                    mean_gradient[(layer * (long long)plan.rows + row) * n + i] = mean;
                    log_scale_gradient[(layer * (long long)plan.rows + row) * n + i] = log_scale;
                    float* kept = layer ? said_gradient + plan.said(layer, row) : constant_gradient + row * 3 * n;
                    for (int part = 0; layer && part < 2; part++)
                    {
                        kept[part * n + i] = prior[part * n + i];
                    }

                    kept += layer ? 2 * n : 0;
                    for (int part = 0; part < 3; part++)
                    {
                        kept[part * n + i] = bijector[part * n + i];
                    }
                }
            }

            __syncthreads();
        }

        for (int map = plan.maps - 1; layer && map >= 0; map--)
        {
            int inputs = plan.inputs[map];
            int pieces = multiply<R>(
                table.at[plan.parameter(layer, 0, map)], table.at[plan.parameter(layer, 1, map)],
                plan.outputs(0, map), plan.outputs(1, map), inputs, inputs, slopes, network_stride, widest, partial);
            for (int job = threadIdx.x; job < inputs * R; job += blockDim.x)
            {
                int i = job % inputs, r = job / inputs;
                float prior = gather<R>(partial, pieces, 2 * inputs, r, i);
                float bijector = gather<R>(partial, pieces, 2 * inputs, r, inputs + i);
                if (map == 0)
                {
                    carry[r * widest + i] = prior + bijector;
                    continue;
                }

                long long row = min(first + r, (long long)plan.rows - 1);
                long long at = plan.hidden(layer, 0, map, row) + i, other = plan.hidden(layer, 1, map, row) + i;
                prior *= slope(plan.activation, hidden[at]);
                bijector *= slope(plan.activation, hidden[other]);
                next[r * widest + i] = prior;
                next[network_stride + r * widest + i] = bijector;
                if (first + r < plan.rows)
                {
                    hidden_gradient[at] = prior;
                    hidden_gradient[other] = bijector;
                }
            }

            __syncthreads();
            float* swap = slopes;
            slopes = next;
            next = swap;
        }
    }
}

// Adds to each weight [O, I] and bias of the table what the rows say: a block has 32 x 32 weights of one map. The last
// job is the first layer's bijector.
extern "C" __global__ void chain_weight_gradients(
    const __grid_constant__ ChainPlan plan, const __grid_constant__ ChainTable gradients, float* constant, const float* codes, const float* hidden,
    const float* hidden_gradient, const float* said_gradient, const float* constant_gradient)
{
    int n = plan.latents, jobs = (plan.layers - 1) * 2 * plan.maps;
    int inputs = 0, outputs = 3 * n, slope_stride = 3 * n;
    const float* slopes = constant_gradient;
    const float* features = 0;
    float* weight = 0;
    float* bias = constant;
    if (blockIdx.y < jobs)
    {
        int map = blockIdx.y % plan.maps;
        int network = blockIdx.y / plan.maps % 2;
        int layer = blockIdx.y / plan.maps / 2 + 1;
        bool last = map == plan.maps - 1;
        inputs = plan.inputs[map];
        outputs = plan.outputs(network, map);
        slopes = last ? said_gradient + plan.said(layer, 0) + network * 2 * n
            : hidden_gradient + plan.hidden(layer, network, map + 1, 0);
        slope_stride = last ? 5 * n : outputs;
        features = map == 0 ? codes + (layer - 1) * (long long)plan.rows * n : hidden + plan.hidden(layer, network, map, 0);
        weight = gradients.at[plan.parameter(layer, network, map)];
        bias = gradients.at[plan.parameter(layer, network, map) + 1];
    }

    int across = (outputs + 31) / 32;
    int first_output = blockIdx.x % across * 32, first_input = blockIdx.x / across * 32;
    if (first_input > 0 && first_input >= inputs)
    {
        return;
    }

    __shared__ float g[32][33], h[32][33];
    int tx = threadIdx.x, ty = threadIdx.y;
    float sums[2][2] = {}, bias_sums[2] = {};
    for (int start = 0; start < plan.rows; start += 32)
    {
        for (int part = ty; part < 32; part += 16)
        {
            for (int column = tx; column < 32; column += 16)
            {
                long long row = start + part;
                bool inside = row < plan.rows;
                g[part][column] = inside && first_output + column < outputs
                    ? slopes[row * slope_stride + first_output + column] : 0;
                h[part][column] = inside && first_input + column < inputs
                    ? features[row * inputs + first_input + column] : 0;
            }
        }

        __syncthreads();
        for (int row = 0; row < 32; row++)
        {
            for (int a = 0; a < 2; a++)
            {
                float slope = g[row][ty + 16 * a];
                bias_sums[a] += slope;
                for (int b = 0; b < 2; b++)
                {
                    sums[a][b] += slope * h[row][tx + 16 * b];
                }
            }
        }

        __syncthreads();
    }

    for (int a = 0; a < 2; a++)
    {
        int output = first_output + ty + 16 * a;
        for (int b = 0; b < 2 && output < outputs; b++)
        {
            int input = first_input + tx + 16 * b;
            if (input < inputs)
            {
                weight[(long long)output * inputs + input] += sums[a][b];
            }
        }

        if (first_input == 0 && tx == 0 && output < outputs)
        {
            bias[output] += bias_sums[a];
        }
    }
}
