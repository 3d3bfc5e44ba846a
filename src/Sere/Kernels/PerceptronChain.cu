// All layers of a chain at once (PerceptronChain.cs): a block takes some rows from the first layer to the last, so that
// codes and features stay in shared memory, and each layer's weights are read once a block.

// How products with the matrices of a map are cut. Both networks' matrices, [terms, columns], lie side by side; start
// is where among a layer's arranged weights, width is their columns, before those of the prior's, all in fours. Sums
// over terms are cut into pieces of some length, so that all threads have work. Terms and length are multiples of
// four, and the weights of terms that fill up are 0, so that no sum has a rest.
struct ChainCut
{
    int start, width, before, terms, pieces, length;
};

struct ChainPlan
{
    int layers, latents, maps, rows, images, activation, log_ratio, noise_stride, mean_stride, log_scale_stride, widest;

    // Inputs of each map of a network, from N on, and hidden features of the maps before it.
    int inputs[4], hidden_before[4];

    // Of each map, and all arranged weights of a layer, in fours.
    ChainCut forward[4], backward[4];
    int layer_fours;
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

    // Of the features that a map takes, [rows, inputs], in a buffer of all hidden features.
    __device__ long long hidden(int layer, int network, int map) const
    {
        int all = hidden_before[maps - 1] + inputs[maps - 1];
        return (2 * ((layer - 1) * all + hidden_before[map]) + network * inputs[map]) * (long long)rows;
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

// a / b of numbers up to 2^16, many times as fast as what a division by an unknown number takes.
__device__ inline int quotient(int a, int b)
{
    return (int)__fdividef(a + 0.5f, (float)b);
}

// The weights of each map as products take them: forward, [I, O] and a last row of the bias, which is the weight of a
// feature that is 1; backward, [O, I].
extern "C" __global__ void chain_arrange(
    const __grid_constant__ ChainPlan plan, const __grid_constant__ ChainTable table, float* arranged)
{
    int map = blockIdx.y % plan.maps;
    int network = blockIdx.y / plan.maps % 2;
    int layer = blockIdx.y / plan.maps / 2 + 1;
    int inputs = plan.inputs[map], outputs = plan.outputs(network, map);
    ChainCut forward_cut = plan.forward[map], backward_cut = plan.backward[map];
    int forward_width = 4 * forward_cut.width, backward_width = 4 * backward_cut.width;
    const float* weight = table.at[plan.parameter(layer, network, map)];
    const float* bias = table.at[plan.parameter(layer, network, map) + 1];
    arranged += (layer - 1) * 4LL * plan.layer_fours;
    float* forward = arranged + 4 * (forward_cut.start + network * forward_cut.before);
    float* backward = arranged + 4 * (backward_cut.start + network * backward_cut.before);
    __shared__ float tile[32][33];
    int across = (outputs + 31) / 32;
    int first_output = blockIdx.x % across * 32, first_input = blockIdx.x / across * 32;
    int input = first_input + threadIdx.x, output = first_output + threadIdx.x;
    if (first_input >= inputs)
    {
        return;
    }

    for (int part = threadIdx.y; part < 32; part += blockDim.y)
    {
        int row = first_output + part;
        if (row < outputs && input < inputs)
        {
            float value = weight[row * inputs + input];
            tile[part][threadIdx.x] = value;
            backward[row * backward_width + input] = value;
        }
    }

    int backward_terms = first_output == 0 && input < inputs ? backward_cut.terms : 0;
    for (int row = outputs + threadIdx.y; row < backward_terms; row += blockDim.y)
    {
        backward[row * backward_width + input] = 0;
    }

    __syncthreads();
    for (int part = threadIdx.y; part < 32; part += blockDim.y)
    {
        int row = first_input + part;
        if (row < inputs && output < outputs)
        {
            forward[row * forward_width + output] = tile[threadIdx.x][part];
        }
    }

    int forward_terms = first_input == 0 && output < outputs ? forward_cut.terms : 0;
    for (int row = inputs + threadIdx.y; row < forward_terms; row += blockDim.y)
    {
        forward[row * forward_width + output] = row == inputs ? bias[output] : 0;
    }
}

// A thread's share of products of both networks' matrices with R rows each: y_j = sum_i matrix[i, j] x_i, for four
// columns and a piece of the terms. Matrices do not depend on the rows, so the first Batch terms of a product are
// asked for before the vectors it takes are known. A row's numbers lie R apart, beside those of the others.
template <int R, int Batch>
struct ChainProduct
{
    int width, before, pieces, group, piece, first, last;
    const float4* matrix;
    float4 weights[Batch];

    __device__ void begin(const float4* layer, const ChainCut& cut)
    {
        width = cut.width;
        before = cut.before;
        pieces = cut.pieces;
        piece = quotient(threadIdx.x, width);
        group = threadIdx.x - piece * width;
        first = piece * cut.length;
        last = min(first + cut.length, cut.terms);
        matrix = layer + cut.start + group + first * width;
#pragma unroll
        for (int step = 0; step < Batch; step += 4)
        {
            fetch(step, step);
        }
    }

    // Four terms, so many after the first, to where those of a step lie.
    __device__ void fetch(int step, int further)
    {
        if (first + further < last)
        {
            const float4* four = matrix + further * width;
#pragma unroll
            for (int i = 0; i < 4; i++)
            {
                weights[step + i] = __ldg(four + i * width);
            }
        }
    }

    // What all pieces give lies in partial [R, pieces, columns] afterwards.
    __device__ void complete(const float* x, int network_stride, float* partial)
    {
        x += group < before ? 0 : network_stride;
        float4 sums[R] = {};
        for (int start = first; start < last; start += Batch)
        {
#pragma unroll
            for (int step = 0; step < Batch; step += 4)
            {
                int term = start + step;
                if (term < last)
                {
                    float4 fours[R];
#pragma unroll
                    for (int i = 0; i < R; i++)
                    {
                        fours[i] = ((const float4*)(x + term * R))[i];
                    }

#pragma unroll
                    for (int i = 0; i < 4 * R; i++)
                    {
                        float4 four = fours[i / 4];
                        float number = i % 4 == 0 ? four.x : i % 4 == 1 ? four.y : i % 4 == 2 ? four.z : four.w;
                        float4 weight = weights[step + i / R];
                        sums[i % R].x += weight.x * number;
                        sums[i % R].y += weight.y * number;
                        sums[i % R].z += weight.z * number;
                        sums[i % R].w += weight.w * number;
                    }

                    fetch(step, term - first + Batch);
                }
            }
        }

        if (piece < pieces)
        {
#pragma unroll
            for (int r = 0; r < R; r++)
            {
                ((float4*)partial)[(r * pieces + piece) * width + group] = sums[r];
            }
        }
    }
};

// The sum over pieces of a row and a column.
__device__ inline float gather(const float* partial, int pieces, int columns, int row, int column)
{
    partial += row * pieces * columns + column;
    float sum = 0;
#pragma unroll 5
    for (int piece = 0; piece < pieces; piece++)
    {
        sum += partial[piece * columns];
    }

    return sum;
}

// How shared memory is cut: products, vectors that both networks take and give, and numbers of each latent.
template <int R>
struct ChainMemory
{
    int network_stride;
    float *partial, *now, *next, *code, *terms;

    // Vectors have room for a feature that is 1, and for those that fill up terms, which have to be numbers.
    __device__ ChainMemory(const ChainPlan& plan, float* shared) : network_stride(R * ((plan.widest + 4) / 4 * 4))
    {
        partial = shared;
        now = partial + R * 4 * blockDim.x;
        next = now + 2 * network_stride;
        code = next + 2 * network_stride;
        terms = code + network_stride;
        for (int i = threadIdx.x; i < 5 * network_stride; i += blockDim.x)
        {
            now[i] = 0;
        }

        __syncthreads();
    }

    __device__ void swap()
    {
        float* before = now;
        now = next;
        next = before;
    }
};

// Codes [L, rows, N] and costs [L, rows]. Hidden and said keep what a backward pass needs; null where none follows. A
// thread has at most one latent of a row.
template <int R, int Batch>
__device__ inline void chain_forward(
    const ChainPlan& plan, const ChainTable& table, const float* arranged, const float* constant,
    const float* noise, float* codes, float* costs, float* hidden, float* said)
{
    extern __shared__ __align__(16) float shared[];
    ChainMemory<R> memory(plan, shared);
    int n = plan.latents;
    long long first = (long long)blockIdx.x * R;
    bool has_latent = threadIdx.x < R * n;
    int latent = threadIdx.x / R, latent_row = threadIdx.x % R;
    long long row = min(first + latent_row, (long long)plan.rows - 1);
    long long evidence = row % plan.images;
    ChainProduct<R, Batch> product;
    auto begin = [&](int layer, int map)
    {
        product.begin((const float4*)arranged + (layer - 1) * (long long)plan.layer_fours, plan.forward[map]);
    };
    if (plan.layers > 1)
    {
        begin(1, 0);
    }

    if (threadIdx.x < R)
    {
        memory.code[n * R + threadIdx.x] = 1;
    }

    for (int layer = 0; layer < plan.layers; layer++)
    {
        // Asked for before the networks, which do not need them.
        float mean = 0, log_scale = 0, eps = 0;
        if (has_latent)
        {
            mean = __ldg(table.at[plan.mean_residual(layer)] + evidence * plan.mean_stride + latent);
            log_scale = __ldg(table.at[plan.log_scale_residual(layer)] + evidence * plan.log_scale_stride + latent);
            eps = __ldg(noise + row * plan.noise_stride + layer * n + latent);
        }

        for (int map = 0; layer && map < plan.maps; map++)
        {
            bool last = map == plan.maps - 1;
            int prior = plan.outputs(0, map), bijector = plan.outputs(1, map);
            int columns = 4 * product.width, before = 4 * product.before, pieces = product.pieces;
            product.complete(map == 0 ? memory.code : memory.now, map == 0 ? 0 : memory.network_stride, memory.partial);
            if (!last || layer < plan.layers - 1)
            {
                begin(last ? layer + 1 : layer, last ? 0 : map + 1);
            }

            // Where the first row's numbers of each network are kept.
            float* kept = 0;
            float* other_kept = 0;
            int kept_stride = last ? 5 * n : prior;
            if (said)
            {
                kept = last ? said + plan.said(layer, first) : hidden + plan.hidden(layer, 0, map + 1) + first * prior;
                other_kept = kept + (last ? 1 : plan.rows) * (long long)prior;
            }

            __syncthreads();
            for (int job = threadIdx.x; job < columns * R; job += blockDim.x)
            {
                int r = quotient(job, columns), column = job - r * columns;
                bool is_second = column >= before;
                int output = is_second ? column - before : column;
                if (output < (is_second ? bijector : prior))
                {
                    float value = gather(memory.partial, pieces, columns, r, column);
                    value = last ? value : activate(plan.activation, value);
                    memory.next[(is_second ? memory.network_stride : 0) + output * R + r] = value;
                    if (said && first + r < plan.rows)
                    {
                        (is_second ? other_kept : kept)[r * kept_stride + output] = value;
                    }
                }
            }

            if (!last && threadIdx.x < 2 * R)
            {
                memory.next[threadIdx.x / R * memory.network_stride + prior * R + threadIdx.x % R] = 1;
            }

            __syncthreads();
            memory.swap();
        }

        float offset = 0, direction = 0;
        if (has_latent)
        {
            ChainSaid own(
                layer ? memory.now : 0, layer ? memory.now + memory.network_stride : constant,
                layer ? threadIdx.x : latent, layer ? n * R : n);
            ChainElement e(own, layer, mean, log_scale, eps, plan.bounds);
            memory.terms[threadIdx.x] = e.cost(plan.log_ratio);
            memory.terms[R * n + threadIdx.x] = e.direction * e.base_latent;
            offset = e.offset + e.diagonal * e.base_latent;
            direction = e.direction;
        }

        __syncthreads();
        if (has_latent)
        {
            float cost = 0, projection = 0;
#pragma unroll 5
            for (int other = 0; other < n; other++)
            {
                cost += memory.terms[other * R + latent_row];
                projection += memory.terms[(n + other) * R + latent_row];
            }

            float z = offset + direction * projection;
            memory.code[threadIdx.x] = z;
            if (first + latent_row < plan.rows)
            {
                codes[((long long)layer * plan.rows + row) * n + latent] = z;
                if (latent == 0)
                {
                    costs[(long long)layer * plan.rows + row] = cost;
                }
            }
        }

        __syncthreads();
    }
}

extern "C" __global__ void __launch_bounds__(512) chain_forward_2(
    const __grid_constant__ ChainPlan plan, const __grid_constant__ ChainTable table, const float* arranged,
    const float* constant, const float* noise, float* codes, float* costs, float* hidden, float* said)
{
    chain_forward<2, 12>(plan, table, arranged, constant, noise, codes, costs, hidden, said);
}

extern "C" __global__ void __launch_bounds__(256, 2) chain_forward_8(
    const __grid_constant__ ChainPlan plan, const __grid_constant__ ChainTable table, const float* arranged,
    const float* constant, const float* noise, float* codes, float* costs, float* hidden, float* said)
{
    chain_forward<8, 8>(plan, table, arranged, constant, noise, codes, costs, hidden, said);
}

// What a thread asks for of a layer before it needs it.
struct ChainFetch
{
    ChainSaid said;
    float mean, log_scale, eps, code, cost;
};

// The gradients by row: of the evidence, [L, rows, N] each; before the activations, laid out as hidden; of what the
// networks say, laid out as said; and of the first layer's bijector, [rows, 3 N]. A thread has at most one latent of
// a row.
extern "C" __global__ void __launch_bounds__(512) chain_backward(
    const __grid_constant__ ChainPlan plan, const __grid_constant__ ChainTable table,
    const float* arranged, const float* constant, const float* noise, const float* hidden, const float* said,
    const float* code_gradient, const float* cost_gradient,
    float* mean_gradient, float* log_scale_gradient, float* hidden_gradient, float* said_gradient,
    float* constant_gradient)
{
    const int R = 2;
    extern __shared__ __align__(16) float shared[];
    ChainMemory<R> memory(plan, shared);
    Slope slope(plan.activation);
    int n = plan.latents;
    long long first = (long long)blockIdx.x * R;
    bool has_latent = threadIdx.x < R * n;
    int latent = threadIdx.x / R, latent_row = threadIdx.x % R;
    bool is_inside = first + latent_row < plan.rows;
    long long row = min(first + latent_row, (long long)plan.rows - 1);
    long long evidence = row % plan.images;
    ChainFetch fetched = {};
    auto fetch = [&](int layer)
    {
        const float* own = said + plan.said(layer, row);
        long long at = layer * (long long)plan.rows + row;
        fetched.said = layer ? ChainSaid(own, own + 2 * n, latent, n) : ChainSaid(0, constant, latent, n);
        fetched.mean = __ldg(table.at[plan.mean_residual(layer)] + evidence * plan.mean_stride + latent);
        fetched.log_scale = __ldg(table.at[plan.log_scale_residual(layer)] + evidence * plan.log_scale_stride + latent);
        fetched.eps = __ldg(noise + row * plan.noise_stride + layer * n + latent);
        fetched.code = __ldg(code_gradient + at * n + latent);
        fetched.cost = __ldg(cost_gradient + at);
    };
    ChainProduct<R, 12> product;
    auto begin = [&](int layer, int map)
    {
        product.begin((const float4*)arranged + (layer - 1) * (long long)plan.layer_fours, plan.backward[map]);
    };
    if (plan.layers > 1)
    {
        begin(plan.layers - 1, plan.maps - 1);
    }

    // Code holds what the layer above adds to the gradient of the code.
    if (has_latent)
    {
        memory.code[threadIdx.x] = 0;
        fetch(plan.layers - 1);
    }

    for (int layer = plan.layers - 1; layer >= 0; layer--)
    {
        ChainElement e(fetched.said, layer, fetched.mean, fetched.log_scale, fetched.eps, plan.bounds);
        if (has_latent)
        {
            fetched.code += memory.code[threadIdx.x];
            memory.terms[threadIdx.x] = e.direction * e.base_latent;
            memory.terms[R * n + threadIdx.x] = e.direction * fetched.code;
        }

        __syncthreads();
        if (has_latent)
        {
            float projection = 0, pull = 0;
#pragma unroll 5
            for (int other = 0; other < n; other++)
            {
                projection += memory.terms[other * R + latent_row];
                pull += memory.terms[(n + other) * R + latent_row];
            }

            ChainGradients gradients =
                chain_gradients(e, fetched.code, fetched.cost, projection, pull, plan.log_ratio, plan.bounds);
            if (layer)
            {
                fetch(layer - 1);
                gradients.said.keep(memory.now, memory.now + memory.network_stride, threadIdx.x, n * R);
            }

            if (is_inside)
            {
                long long at = (layer * (long long)plan.rows + row) * n + latent;
                mean_gradient[at] = gradients.mean_residual;
                log_scale_gradient[at] = gradients.log_scale_residual;
                float* kept = said_gradient + plan.said(layer, row);
                gradients.said.keep(
                    layer ? kept : 0, layer ? kept + 2 * n : constant_gradient + row * 3 * n, latent, n);
            }
        }

        __syncthreads();
        for (int map = plan.maps - 1; layer && map >= 0; map--)
        {
            int inputs = plan.inputs[map];
            int before = 4 * product.before, columns = 2 * before, pieces = product.pieces;
            product.complete(memory.now, memory.network_stride, memory.partial);
            if (map || layer > 1)
            {
                begin(map ? layer : layer - 1, map ? map - 1 : plan.maps - 1);
            }

            if (map == 0)
            {
                __syncthreads();
                if (has_latent)
                {
                    memory.code[threadIdx.x] = gather(memory.partial, pieces, columns, latent_row, latent)
                        + gather(memory.partial, pieces, columns, latent_row, before + latent);
                }
            }
            else
            {
                // A thread's number, and where the feature lies whose gradient it is; the first is asked for early.
                long long start = plan.hidden(layer, 0, map) + first * inputs;
                long long other_start = start + plan.rows * (long long)inputs;
                auto feature = [&](int job, int& r, int& column, long long& at)
                {
                    r = quotient(job, columns);
                    column = job - r * columns;
                    bool is_second = column >= before;
                    int input = is_second ? column - before : column;
                    at = (is_second ? other_start : start) + r * inputs + input;
                    return input < inputs && first + r < plan.rows && job < columns * R;
                };
                int r, column;
                long long at;
                float value = feature(threadIdx.x, r, column, at) ? __ldg(hidden + at) : 0;
                __syncthreads();
                for (int job = threadIdx.x; job < columns * R; job += blockDim.x)
                {
                    bool is_feature = feature(job, r, column, at);
                    if (job >= blockDim.x)
                    {
                        value = is_feature ? __ldg(hidden + at) : 0;
                    }

                    float gradient = gather(memory.partial, pieces, columns, r, column) * slope.of(value);
                    bool is_second = column >= before;
                    int input = is_second ? column - before : column;
                    if (input < inputs)
                    {
                        memory.next[(is_second ? memory.network_stride : 0) + input * R + r] = gradient;
                    }

                    if (is_feature)
                    {
                        hidden_gradient[at] = gradient;
                    }
                }
            }

            __syncthreads();
            memory.swap();
        }
    }
}

// Adds to each weight [O, I] and bias of the table what the rows say: a block has a square of one map. The last job
// is the first layer's bijector.
extern "C" __global__ void __launch_bounds__(TileThreads, 4) chain_weight_gradients(
    const __grid_constant__ ChainPlan plan, const __grid_constant__ ChainTable gradients, float* constant,
    const float* codes, const float* hidden, const float* hidden_gradient, const float* said_gradient,
    const float* constant_gradient)
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
            : hidden_gradient + plan.hidden(layer, network, map + 1);
        slope_stride = last ? 5 * n : outputs;
        features = map == 0
            ? codes + (layer - 1) * (long long)plan.rows * n : hidden + plan.hidden(layer, network, map);
        weight = gradients.at[plan.parameter(layer, network, map)];
        bias = gradients.at[plan.parameter(layer, network, map) + 1];
    }

    int across = (outputs + Tile - 1) / Tile;
    int first_output = blockIdx.x % across * Tile, first_input = blockIdx.x / across * Tile;
    if (first_input > 0 && first_input >= inputs)
    {
        return;
    }

    // The first layer's bijector has a bias alone; its gradients stand in for features.
    Factor a = { inputs ? features : slopes, 0, inputs ? inputs : slope_stride, first_input, inputs ? inputs : 1 };
    Factor b = { slopes, 0, slope_stride, first_output, outputs };
    TileSums sums = multiply_tile<false, false, false, false, true>(plan.rows, a, b, Slope(0), tile_memory());
    add_tile<true>(sums, weight, bias, first_input, first_output, inputs, outputs);
}
