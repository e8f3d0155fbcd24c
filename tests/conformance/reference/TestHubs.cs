// The hubs that the functional tests of the stock JavaScript and .NET clients expect; HUBS.md says what they do.
using System.Buffers;
using System.Threading.Channels;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR;

namespace FunctionalTests;

public sealed class CustomObject
{
    public string? Name { get; set; }
    public int Value { get; set; }
}

public sealed class ComplexObject
{
    public string? String { get; set; }
    public int[]? IntArray { get; set; }
    public byte[]? ByteArray { get; set; }
    public Guid Guid { get; set; }
    public DateTime DateTime { get; set; }
}

/// <summary>What /testhub and /default have in common.</summary>
public abstract class FunctionalHub<TSelf>(IHubContext<TSelf> outside) : Hub
    where TSelf : Hub
{
    private HttpContext Http => Context.GetHttpContext() ?? throw new InvalidOperationException("No request.");

    private IClientProxy Self => Clients.Client(Context.ConnectionId);

    public string HelloWorld() => "Hello World!";

    public string Echo(string message) => message;

    public string GetCallerConnectionId() => Context.ConnectionId;

    public int GetNumRedirects() => int.Parse(Http.Request.Query["numRedirects"].ToString());

    public void ThrowException(string message) => throw new InvalidOperationException(message);

    public Task InvokeWithString(string message) => Self.SendAsync("Message", message);

    public Task SendCustomObject(CustomObject customObject) => Self.SendAsync("CustomObject", customObject);

    public Task CallEcho(string message) => Self.SendAsync("Echo", message);

    public Task CallHandlerThatDoesntExist() => Self.SendAsync("NoClientHandler");

    public ChannelReader<string> InfiniteStream(CancellationToken token)
    {
        var id = Context.ConnectionId;
        token.Register(() => _ = outside.Clients.Client(id).SendAsync("StreamCanceled"));
        return Channel.CreateUnbounded<string>().Reader;
    }

    public async Task<string> StreamingConcat(ChannelReader<string> stream) =>
        string.Concat(await stream.ReadAllAsync().ToListAsync());

    public ChannelReader<int> EmptyStream() => Streams.Of<int>();

    public ChannelReader<string> StreamThrowException(string message) => throw new InvalidOperationException(message);

    public ChannelReader<int> StreamException() =>
        throw new InvalidOperationException("Error occurred while streaming.");

    public ChannelReader<string>? StreamBroken() => null;

    public IAsyncEnumerable<string> StreamEcho(ChannelReader<string> source) => source.ReadAllAsync();

    public IAsyncEnumerable<int> StreamEchoInt(ChannelReader<int> source) => source.ReadAllAsync();

    public async IAsyncEnumerable<string> StreamIAsyncConsumer(IAsyncEnumerable<string> source)
    {
        await foreach (var item in source)
        {
            yield return item;
        }
    }

    public string? GetActiveTransportName() => Context.Features.Get<IHttpTransportFeature>()?.TransportType.ToString();

    public ComplexObject? EchoComplexObject(ComplexObject? complexObject) => complexObject;

    public ComplexObject SendComplexObject() => new()
    {
        String = "hello world",
        IntArray = [1, 2, 3],
        ByteArray = [1, 2, 3],
        Guid = new Guid("00010203-0405-0607-0706-050403020100"),
        DateTime = new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc),
    };

    public string? GetContentTypeHeader() => Http.Request.Headers.ContentType;

    public string? GetHeader(string headerName) => Http.Request.Headers[headerName];

    public string?[] GetHeaderValues(string[] headerNames) =>
        [.. headerNames.Select(name => (string?)Http.Request.Headers[name])];

    public string? GetCookie(string cookieName) => Http.Request.Cookies[cookieName];

    public string? GetCookieValue(string cookieName) => Http.Request.Cookies[cookieName];

    public string? GetUserIdentifier() => Context.UserIdentifier;

    public object?[] GetIHttpConnectionFeatureProperties()
    {
        var feature = Context.Features.Get<IHttpConnectionFeature>();
        return
        [
            feature?.LocalPort, feature?.RemotePort,
            feature?.LocalIpAddress?.ToString(), feature?.RemoteIpAddress?.ToString(),
        ];
    }
}

public sealed class TestHub(IHubContext<TestHub> outside) : FunctionalHub<TestHub>(outside)
{
    public ChannelReader<string> Stream() => Streams.Of("a", "b", "c");
}

public sealed class DefaultHub(IHubContext<DefaultHub> outside) : FunctionalHub<DefaultHub>(outside)
{
    public async IAsyncEnumerable<int> Stream(int count)
    {
        for (var i = 0; i < count; ++i)
        {
            yield return i;
            await Task.Delay(20);
        }
    }
}

public sealed class VersionHub : Hub
{
    public string Echo(string message) => message;

    public Task NewProtocolMethodServer() => Clients.Caller.SendAsync("NewProtocolMethodClient");
}

public sealed class StreamBufferHub : Hub
{
    public string Echo(string message) => message;

    /// <summary>Reads nothing of `source` until `blocker` brings "unblock".</summary>
    public async Task AcceptStream(ChannelReader<string> source, ChannelReader<string> blocker)
    {
        await foreach (var word in blocker.ReadAllAsync())
        {
            if (word == "unblock")
            {
                await foreach (var _ in source.ReadAllAsync())
                {
                }
            }
        }
    }
}

public sealed class UncreatableHub(object missing) : Hub
{
    public object Missing { get; } = missing;
}

[Authorize(Policies.SignedIn)]
public sealed class HubWithAuthorization : Hub
{
    public string Echo(string message) => message;
}

/// <summary>Its authorization comes with the route.</summary>
public sealed class HubWithAuthorization2 : Hub
{
    public string Echo(string message) => message;
}

/// <summary>Bytes in, bytes out.</summary>
public sealed class EchoConnectionHandler : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var (input, output) = (connection.Transport.Input, connection.Transport.Output);
        while (true)
        {
            var result = await input.ReadAsync();
            if (!result.Buffer.IsEmpty)
            {
                await output.WriteAsync(result.Buffer.ToArray());
            }
            else if (result.IsCompleted)
            {
                return;
            }
            input.AdvanceTo(result.Buffer.End);
        }
    }
}

internal static class Streams
{
    public static ChannelReader<T> Of<T>(params T[] items)
    {
        var channel = Channel.CreateUnbounded<T>();
        foreach (var item in items)
        {
            channel.Writer.TryWrite(item);
        }
        channel.Writer.Complete();
        return channel.Reader;
    }
}
