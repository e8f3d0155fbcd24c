// The frame of the cases: one connection with what is known of its life, running, comparing.
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace StockClient;

/// <summary>A transport and a protocol.</summary>
public sealed record Way(HttpTransportType Transport, string Protocol)
{
    public override string ToString() => $"{Transport} {Protocol}";
}

/// <summary>What a connection is to have beside its way and its path.</summary>
public sealed record Wish
{
    public string? User { get; init; }
    public string? Token { get; init; }
    public bool Reconnect { get; init; }
    public bool Stateful { get; init; }
    public CuttingProxy? Through { get; init; }
    public Action<Hub>? Prepare { get; init; }
}

/// <summary>A connection. Its events are tasks, its messages a channel.</summary>
public sealed class Hub : IAsyncDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromMinutes(5);
    private readonly TaskCompletionSource<Exception?> _closed = New<Exception?>();
    private readonly TaskCompletionSource<Exception?> _reconnecting = New<Exception?>();
    private readonly TaskCompletionSource<string?> _reconnected = New<string?>();
    private readonly Channel<object?> _messages = Channel.CreateUnbounded<object?>();

    public Hub(Way way, string url, Wish wish)
    {
        var builder = new HubConnectionBuilder().WithUrl(url, way.Transport, options =>
        {
            if (wish.User is not null)
            {
                options.Headers["Super-Insecure-UserName"] = wish.User;
            }
            if (wish.Token is not null)
            {
                options.AccessTokenProvider = () => Task.FromResult<string?>(wish.Token);
            }
        });
        if (wish.Reconnect)
        {
            builder.WithAutomaticReconnect([TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero]);
        }
        if (wish.Stateful)
        {
            builder.WithStatefulReconnect();
        }
        if (way.Protocol == "messagepack")
        {
            builder.AddMessagePackProtocol();
        }
        else
        {
            builder.AddJsonProtocol(options => options.PayloadSerializerOptions.PropertyNamingPolicy = null);
        }
        Connection = builder.Build();
        Connection.ServerTimeout = Never; // a busy machine is no dead server
        Connection.Closed += error => Set(_closed, error);
        Connection.Reconnecting += error => Set(_reconnecting, error);
        Connection.Reconnected += id => Set(_reconnected, id);
    }

    public HubConnection Connection { get; }
    public string? Id => Connection.ConnectionId;
    public Task<Exception?> Closed => _closed.Task.WaitAsync(Cases.Patience);
    public Task<Exception?> Reconnecting => _reconnecting.Task.WaitAsync(Cases.Patience);
    public Task<string?> Reconnected => _reconnected.Task.WaitAsync(Cases.Patience);

    /// <summary>Whether it was ever lost, for a moment or for good.</summary>
    public bool Lost => _closed.Task.IsCompleted || _reconnecting.Task.IsCompleted;

    public Task<T> Invoke<T>(string method, params object?[] arguments) =>
        Connection.InvokeCoreAsync<T>(method, arguments).WaitAsync(Cases.Patience);

    public Task Invoke(string method, params object?[] arguments) =>
        Connection.InvokeCoreAsync(method, arguments).WaitAsync(Cases.Patience);

    public void Collect<T>(string method) => Connection.On<T>(method, item => _messages.Writer.TryWrite(item));

    public void Collect<T1, T2>(string method, Func<T1, T2, object?> of) =>
        Connection.On<T1, T2>(method, (one, two) => _messages.Writer.TryWrite(of(one, two)));

    public async Task<T> Next<T>() => (T)(await _messages.Reader.ReadAsync().AsTask().WaitAsync(Cases.Patience))!;

    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    private static TaskCompletionSource<T> New<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static Task Set<T>(TaskCompletionSource<T> source, T value)
    {
        source.TrySetResult(value);
        return Task.CompletedTask;
    }
}

/// <summary>Runs the cases, several at once, and prints a line for each.</summary>
public sealed class Cases(string url)
{
    private const int AtOnce = 6;
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly ConcurrentQueue<(string Name, Func<Task> Work)> _cases = new();
    private static int _names;

    public string Url => url;

    public static string Unique(string what) => $"{what}-{Environment.ProcessId}-{Interlocked.Increment(ref _names)}";

    public void Add(string name, Func<Task> work) => _cases.Enqueue((name, work));

    /// <summary>Whether all went well.</summary>
    public async Task<bool> RunAll(string of)
    {
        var good = true;
        await Parallel.ForEachAsync(_cases, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (each, _) =>
        {
            try
            {
                await each.Work().WaitAsync(2 * Patience, CancellationToken.None);
                Console.WriteLine($"ok {of} / {each.Name}");
            }
            catch (Exception e)
            {
                good = false;
                Console.WriteLine($"not ok {of} / {each.Name}: {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}");
            }
        });
        return good;
    }

    public async Task<Hub> Start(Way way, string path, Wish? wish = null)
    {
        wish ??= new Wish();
        var hub = new Hub(way, (wish.Through?.Url ?? url) + path, wish);
        wish.Prepare?.Invoke(hub);
        await hub.Connection.StartAsync().WaitAsync(Patience);
        return hub;
    }
}

/// <summary>What a case claims.</summary>
public static class Check
{
    public static void Equal<T>(T wanted, T got, [CallerLineNumber] int line = 0)
    {
        if (!EqualityComparer<T>.Default.Equals(wanted, got))
        {
            throw new InvalidOperationException($"line {line}: wanted <{wanted}>, got <{got}>");
        }
    }

    public static void NotEqual<T>(T unwanted, T got, [CallerLineNumber] int line = 0)
    {
        if (EqualityComparer<T>.Default.Equals(unwanted, got))
        {
            throw new InvalidOperationException($"line {line}: got <{got}>");
        }
    }

    public static void Same<T>(IEnumerable<T> wanted, IEnumerable<T> got, [CallerLineNumber] int line = 0) =>
        Equal(string.Join(",", wanted), string.Join(",", got), line);

    public static async Task<T> Throws<T>(Task work, [CallerLineNumber] int line = 0)
        where T : Exception
    {
        try
        {
            await work;
        }
        catch (T error)
        {
            return error;
        }
        throw new InvalidOperationException($"line {line}: it does not throw");
    }

    /// <summary>What comes before the stream fails with this error.</summary>
    public static async Task<List<T>> Failing<T>(IAsyncEnumerable<T> stream, string error, [CallerLineNumber] int line = 0)
    {
        var items = new List<T>();
        var failed = await Throws<Exception>(Task.Run(async () =>
        {
            await foreach (var item in stream)
            {
                items.Add(item);
            }
        }), line);
        Equal(error, failed.Message, line);
        return items;
    }
}
