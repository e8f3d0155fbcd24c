// The genuine .NET HubConnection against a test hub: stock-client URL. Prints `ok NAME` or `not ok NAME: why` per case.
using System.Threading.Channels;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using StockClient;
using static StockClient.Check;

var url = args.Length == 1 ? args[0].TrimEnd('/') : throw new ArgumentException("usage: stock-client URL");
var cases = new Cases(url);

await cases.Run("invoke returns what the method does", async at =>
{
    await using var hub = await at.Start("/conformance");
    foreach (var text in new[] { "", "a", "äöü €", "日本語 😀", "\u2028\0\"\\", new string('x', 30_000) })
    {
        Equal(text, await hub.Connection.InvokeAsync<string>("Echo", text));
    }
    Equal(5, await hub.Connection.InvokeAsync<int>("AddAsync", 2, 3));
    Equal(new Sample("ä", -1), await hub.Connection.InvokeAsync<Sample>("EchoSample", new Sample("ä", -1)));
    Equal(null, await hub.Connection.InvokeAsync<string?>("Null"));
    await hub.Connection.InvokeAsync("Void");
    Equal(hub.Connection.ConnectionId, await hub.Connection.InvokeAsync<string>("getconnectionid"));
    Equal("WebSockets", await hub.Connection.InvokeAsync<string>("GetTransport"));
});

await cases.Run("errors are HubExceptions with the server's text", async at =>
{
    await using var hub = await at.Start("/testhub");
    var rows = new (string Method, object?[] Arguments, string Text)[]
    {
        ("ThrowException", ["An error occurred."], "An unexpected error occurred invoking 'ThrowException' on the server. InvalidOperationException: An error occurred."),
        ("Nope", [], "Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist."),
        ("Echo", [], "Failed to invoke 'Echo' due to an error on the server. InvalidDataException: Invocation provides 0 argument(s) but target expects 1."),
        ("Echo", [1], "Failed to invoke 'Echo' due to an error on the server. InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked."),
        ("Stream", [], "The client attempted to invoke the streaming 'Stream' method with a non-streaming invocation."),
    };
    foreach (var (method, arguments, text) in rows)
    {
        Equal(text, (await Throws<HubException>(hub.Connection.InvokeCoreAsync<object>(method, arguments))).Message);
    }
    Equal("a", await hub.Connection.InvokeAsync<string>("Echo", "a"));
});

await cases.Run("send reaches the method, and 100 of them in order", async at =>
{
    await using var hub = await at.Start("/testhub", hub => hub.Collect<string>("Message"));
    for (var i = 0; i < 100; ++i)
    {
        await hub.Connection.SendAsync("InvokeWithString", $"{i}");
    }
    for (var i = 0; i < 100; ++i)
    {
        Equal($"{i}", await hub.Next<string>());
    }
});

await cases.Run("streams give their items and end", async at =>
{
    await using var hub = await at.Start("/conformance");
    Same(Enumerable.Range(0, 200), await hub.Connection.StreamAsync<int>("Count", 200).ToListAsync());
    var reader = await hub.Connection.StreamAsChannelAsync<int>("CountTask", 3);
    Same([0, 1, 2], await reader.ReadAllAsync().ToListAsync());
    Same([], await hub.Connection.StreamAsync<int>("StreamEmpty").ToListAsync());
});

await cases.Run("streams that fail throw after their items", async at =>
{
    await using var hub = await at.Start("/conformance");
    var items = new List<int>();
    var error = await Throws<HubException>(Take(hub.Connection.StreamAsync<int>("CountThenThrow", 3, true), items));
    Equal("An error occurred on the server while streaming results. HubException: stream failed", error.Message);
    Same([0, 1, 2], items);
    error = await Throws<HubException>(Take(hub.Connection.StreamAsync<int>("StreamThrow", "early"), []));
    Equal("An unexpected error occurred invoking 'StreamThrow' on the server. InvalidOperationException: early", error.Message);
    error = await Throws<HubException>(Take(hub.Connection.StreamAsync<int>("Echo", "a"), []));
    Equal("The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation.", error.Message);
});

await cases.Run("a stream that is cancelled ends at the server", async at =>
{
    await using var hub = await at.Start("/conformance");
    var key = Unique("key");
    using var cancel = new CancellationTokenSource();
    await foreach (var item in hub.Connection.StreamAsync<string>("Endless", key, cancel.Token).Swallow())
    {
        Equal("started", item);
        cancel.Cancel();
    }
    Equal("cancelled", await hub.Connection.InvokeAsync<string>("ReadNote", key));
});

await cases.Run("uploads arrive from IAsyncEnumerable and ChannelReader", async at =>
{
    await using var hub = await at.Start("/conformance");
    var numbers = Enumerable.Range(0, 1000).ToArray();
    Equal(numbers.Sum(), await hub.Connection.InvokeAsync<int>("Sum", Upload(numbers)));
    Equal(numbers.Sum(), await hub.Connection.InvokeAsync<int>("SumAsyncEnumerable", Reader(numbers)));
    // Not two in one call: the client disposes of what they share when the first of them has ended.
    Equal("abc", await hub.Connection.InvokeAsync<string>("Concat", Reader(["a", "b", "c"])));
    var echo = hub.Connection.StreamAsync<string>("StreamEcho", Upload(["x", "y", "z"]));
    Same(["x", "y", "z"], await echo.ToListAsync());
});

await cases.Run("an upload that throws, and one too few, fail the call", async at =>
{
    await using var hub = await at.Start("/conformance");
    var error = await Throws<HubException>(hub.Connection.InvokeAsync<int>("Sum", Broken()));
    Equal("An unexpected error occurred invoking 'Sum' on the server. HubException: Stream errored by client: 'System.InvalidOperationException: broken",
        error.Message.Split(" at Program")[0].TrimEnd());
    error = await Throws<HubException>(hub.Connection.InvokeAsync<int>("Sum"));
    Equal("An unexpected error occurred invoking 'Sum' on the server. HubException: Client sent 0 stream(s), Hub method expects 1.", error.Message);
});

await cases.Run("client results: a value, an error, none, too late", async at =>
{
    await using var hub = await at.Start("/conformance");
    await using var other = await at.Start("/conformance");
    Task<string> Ask() => other.Connection.InvokeAsync<string>("AskInt", hub.Connection.ConnectionId);
    Equal("HubException: Client didn't provide a result.", await Ask());
    using (hub.Connection.On("Result", () => 10))
    {
        Equal("value 10", await Ask());
        Equal(10, await hub.Connection.InvokeAsync<int>("AskCaller"));
    }
    using (hub.Connection.On("Result", int () => throw new InvalidOperationException("from callback")))
    {
        Equal("HubException: from callback", await Ask());
    }
    using (hub.Connection.On("Result", (string question) => question + "?"))
    {
        Equal("value question?", await other.Connection.InvokeAsync<string>("AskString", hub.Connection.ConnectionId));
    }
    var asked = new TaskCompletionSource();
    using (hub.Connection.On("Result", async () => { asked.TrySetResult(); await Task.Delay(Timeout.Infinite); return 1; }))
    {
        var gone = Ask();
        await asked.Task;
        var id = hub.Connection.ConnectionId;
        await hub.Connection.StopAsync();
        Equal($"IOException: Connection '{id}' disconnected.", await gone);
    }
});

await cases.Run("a cut connection comes back as another; what was running fails", async at =>
{
    await using var hub = await at.Start("/conformance", reconnect: true);
    var before = hub.Connection.ConnectionId;
    var waiting = hub.Connection.InvokeAsync<string>("Wait", Unique("gate"), "a");
    hub.Factory.Cut();
    NotEqual(null, await hub.Reconnecting);
    await Throws<Exception>(waiting);
    var id = await hub.Reconnected;
    NotEqual(before, id);
    Equal(id, await hub.Connection.InvokeAsync<string>("GetConnectionId"));
});

await cases.Run("a Close that allows it is followed by a reconnect", async at =>
{
    await using var hub = await at.Start("/conformance", reconnect: true);
    await hub.Connection.SendAsync("Echo", new string('x', 40_000));
    Equal("The server closed the connection with the following error: Connection closed with an error. InvalidDataException: The maximum message size of 32768B was exceeded. The message size can be configured in AddHubOptions.",
        (await hub.Reconnecting)?.Message);
    await hub.Reconnected;
    Equal("a", await hub.Connection.InvokeAsync<string>("Echo", "a"));
});

await cases.Run("a Close that does not allow it ends the connection", async at =>
{
    await using var hub = await at.Start("/conformance", reconnect: true);
    await hub.Connection.SendAsync("Abort");
    Equal(null, await hub.Closed);
    await using var refused = await at.Start("/conformance?onconnect=throw", reconnect: true);
    Equal("The server closed the connection with the following error: Connection closed with an error. InvalidOperationException: no entry",
        (await refused.Closed)?.Message);
});

await cases.Run("stop is a graceful end at the server, and start begins anew", async at =>
{
    await using var other = await at.Start("/conformance");
    var key = Unique("note");
    await using var hub = await at.Start($"/conformance?note={key}");
    var before = hub.Connection.ConnectionId;
    Task<string> Note() => other.Connection.InvokeAsync<string>("ReadNote", key);
    Equal("connected", await Note());
    await hub.Connection.StopAsync();
    Equal(null, await hub.Closed);
    Equal("disconnected null", await Note());
    await hub.Connection.StartAsync();
    Equal("connected", await Note());
    NotEqual(before, hub.Connection.ConnectionId);
});

await cases.Run("groups and users are reached", async at =>
{
    var (group, user) = (Unique("group"), Unique("user"));
    await using var one = await at.Start("/broadcast", hub => hub.Collect<string>("Message"), user: user);
    await using var two = await at.Start("/broadcast", hub => hub.Collect<string>("Message"), user: user);
    await using var sender = await at.Start("/broadcast");
    Equal(user, await one.Connection.InvokeAsync<string>("GetUserId"));
    await one.Connection.InvokeAsync("Join", group);
    await sender.Connection.InvokeAsync("SendGroup", group, "group");
    await sender.Connection.InvokeAsync("SendUser", user, "user");
    Equal("group", await one.Next<string>());
    Equal("user", await one.Next<string>());
    Equal("user", await two.Next<string>());
    await one.Connection.InvokeAsync("Leave", group);
    await sender.Connection.InvokeAsync("SendGroup", group, "nobody");
    await sender.Connection.InvokeAsync("SendClients", new[] { one.Connection.ConnectionId, "nobody" }, "last");
    Equal("last", await one.Next<string>());
});

await cases.Run("a token names the user", async at =>
{
    using var http = new HttpClient();
    var token = await http.GetStringAsync($"{url}/generateJwtToken");
    await using var hub = await at.Start("/auth", token: token);
    Equal("testuser", await hub.Connection.InvokeAsync<string>("GetUserId"));
    Equal("Failed to invoke 'AdminOnly' because user is unauthorized",
        (await Throws<HubException>(hub.Connection.InvokeAsync<string>("AdminOnly"))).Message);
    Equal(true, (await Throws<HttpRequestException>(at.Start("/auth"))).Message.Contains("401"));
});

await cases.Run("a server that says nothing for too long is given up", async at =>
{
    await using var hub = await at.Start("/testhub", hub => hub.Connection.ServerTimeout = TimeSpan.FromMilliseconds(200));
    Equal("Server timeout (200.00ms) elapsed without receiving a message from the server.", (await hub.Closed)?.Message);
});

await cases.Run("messages of 1 MB from the server arrive whole", async at =>
{
    await using var hub = await at.Start("/conformance", hub => hub.Collect<int, string>("Fill", (_, text) => text.Length));
    await hub.Connection.InvokeAsync("Fill", 2, 1_000_000);
    Equal(1_000_000, await hub.Next<int>());
    Equal(1_000_000, await hub.Next<int>());
});

return cases.Failed ? 1 : 0;

static async Task Take(IAsyncEnumerable<int> stream, List<int> items)
{
    await foreach (var item in stream)
    {
        items.Add(item);
    }
}

static async IAsyncEnumerable<T> Upload<T>(T[] items)
{
    foreach (var item in items)
    {
        await Task.Yield();
        yield return item;
    }
}

static async IAsyncEnumerable<int> Broken()
{
    yield return 1;
    await Task.Yield();
    throw new InvalidOperationException("broken");
}

static ChannelReader<T> Reader<T>(T[] items)
{
    var channel = Channel.CreateUnbounded<T>();
    foreach (var item in items)
    {
        channel.Writer.TryWrite(item);
    }
    channel.Writer.Complete();
    return channel.Reader;
}
