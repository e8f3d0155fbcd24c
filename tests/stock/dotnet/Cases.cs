// The frame of the cases: one connection with what is known of its life, running, comparing.
using System.Net;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR.Client;

namespace StockClient;

public sealed record Sample(string? Name, int Value);

/// <summary>A started connection. Its events are tasks, its messages a channel.</summary>
public sealed class Hub : IAsyncDisposable
{
    private readonly TaskCompletionSource<Exception?> _closed = new();
    private readonly TaskCompletionSource<Exception?> _reconnecting = new();
    private readonly TaskCompletionSource<string?> _reconnected = new();
    private readonly Channel<object?> _messages = Channel.CreateUnbounded<object?>();

    public Hub(HubEndPoint place, bool reconnect)
    {
        var builder = new HubConnectionBuilder();
        builder.Services.AddSingleton<IConnectionFactory>(Factory);
        builder.Services.AddSingleton<EndPoint>(place);
        if (reconnect)
        {
            builder.WithAutomaticReconnect([TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero]);
        }
        builder.AddJsonProtocol(options => options.PayloadSerializerOptions.PropertyNamingPolicy = null);
        Connection = builder.Build();
        Connection.Closed += error => Set(_closed, error);
        Connection.Reconnecting += error => Set(_reconnecting, error);
        Connection.Reconnected += id => Set(_reconnected, id);
    }

    public WebSocketConnectionFactory Factory { get; } = new();
    public HubConnection Connection { get; }
    public Task<Exception?> Closed => _closed.Task.WaitAsync(Cases.Patience);
    public Task<Exception?> Reconnecting => _reconnecting.Task.WaitAsync(Cases.Patience);
    public Task<string?> Reconnected => _reconnected.Task.WaitAsync(Cases.Patience);

    public void Collect<T>(string method) => Connection.On<T>(method, item => _messages.Writer.TryWrite(item));

    public void Collect<T1, T2>(string method, Func<T1, T2, object?> of) =>
        Connection.On<T1, T2>(method, (one, two) => _messages.Writer.TryWrite(of(one, two)));

    public async Task<T> Next<T>() => (T)(await _messages.Reader.ReadAsync().AsTask().WaitAsync(Cases.Patience))!;

    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    private static Task Set<T>(TaskCompletionSource<T> source, T value)
    {
        source.TrySetResult(value);
        return Task.CompletedTask;
    }
}

/// <summary>Runs the cases one after another and prints a line for each.</summary>
public sealed class Cases(string url)
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public bool Failed { get; private set; }

    public async Task Run(string name, Func<Cases, Task> work)
    {
        try
        {
            await work(this).WaitAsync(Patience);
            Console.WriteLine($"ok {name}");
        }
        catch (Exception e)
        {
            Failed = true;
            Console.WriteLine($"not ok {name}: {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    public async Task<Hub> Start(
        string path, Action<Hub>? prepare = null, bool reconnect = false, string? user = null, string? token = null)
    {
        var hub = new Hub(new HubEndPoint(new Uri(url + path)) { User = user, Token = token }, reconnect);
        prepare?.Invoke(hub);
        await hub.Connection.StartAsync();
        return hub;
    }
}

/// <summary>What a case claims.</summary>
public static class Check
{
    private static int _names;

    public static string Unique(string what) => $"{what}-{Environment.ProcessId}-{++_names}";

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

    /// <summary>Ends quietly where the stream is cancelled.</summary>
    public static async IAsyncEnumerable<T> Swallow<T>(this IAsyncEnumerable<T> stream)
    {
        await using var items = stream.GetAsyncEnumerator();
        while (true)
        {
            try
            {
                if (!await items.MoveNextAsync())
                {
                    yield break;
                }
            }
            catch (OperationCanceledException)
            {
                yield break;
            }
            yield return items.Current;
        }
    }
}
