// The hub that the scripts of tests/conformance drive, once for each set of options; HUBS.md says what it does.
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Claims;
using System.Threading.Channels;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Connections.Features;
using Microsoft.AspNetCore.SignalR;

namespace FunctionalTests;

/// <summary>What connections of all routes share: gates that methods wait for, notes that they leave.</summary>
public sealed class Scratch
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();
    private readonly ConcurrentDictionary<string, Channel<string>> _notes = new();

    public Task Gate(string name) => Source(name).Task.WaitAsync(Patience);

    public void Open(string name) => Source(name).TrySetResult();

    public void Note(string key, string text) => Notes(key).Writer.TryWrite(text);

    /// <summary>The oldest note that nobody has read yet.</summary>
    public Task<string> Read(string key) => Notes(key).Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public int Left(string key) => Notes(key).Reader.Count;

    private TaskCompletionSource Source(string name) =>
        _gates.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    private Channel<string> Notes(string key) => _notes.GetOrAdd(key, _ => Channel.CreateUnbounded<string>());
}

public sealed class Sample
{
    public string? Name { get; set; }
    public int Value { get; set; }
}

public abstract class ConformanceBase : Hub
{
    public string Inherited() => "inherited";

    public virtual string Overridden() => "base";
}

public abstract class ConformanceHub<TSelf>(IHubContext<TSelf> outside, Scratch scratch) : ConformanceBase
    where TSelf : Hub
{
    private int _calls;

    private HttpContext Http => Context.GetHttpContext() ?? throw new InvalidOperationException("No request.");

    // -- life ------------------------------------------------------------------------------------

    public override async Task OnConnectedAsync()
    {
        Remember("connected");
        switch (Http.Request.Query["onconnect"].ToString())
        {
            case "throw":
                throw new InvalidOperationException("no entry");
            case "hubexception":
                throw new HubException("no entry");
            case "abort":
                Context.Abort();
                break;
            case "send":
                await Clients.Caller.SendAsync("Connected", Context.ConnectionId);
                break;
            case "ask":
                await Clients.Caller.InvokeAsync<int>("Result", CancellationToken.None);
                break;
        }
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        Remember("disconnected " + Text(exception));
        return Task.CompletedTask;
    }

    // -- calls -----------------------------------------------------------------------------------

    public void Void()
    {
    }

    public async Task VoidTask() => await Task.Yield();

    public string Echo(string text) => text;

    public int EchoInt(int value) => value;

    public bool EchoBool(bool value) => value;

    public double EchoDouble(double value) => value;

    public int[] EchoInts(int[] values) => values;

    public Sample EchoSample(Sample sample) => sample;

    public string? Null() => null;

    public int Add(int a, int b) => a + b;

    public async ValueTask<int> AddAsync(int a, int b)
    {
        await Task.Yield();
        return a + b;
    }

    public string ThrowException(string text) => throw new InvalidOperationException(text);

    public string ThrowHubException(string text) => throw new HubException(text);

    public async Task<string> ThrowAsync(string text)
    {
        await Task.Yield();
        throw new InvalidOperationException(text);
    }

    public override string Overridden() => "overridden";

    [HubMethodName("renamed")]
    public string Renamed() => "renamed";

    public static string Static() => "static";

    /// <summary>How often this hub object was used.</summary>
    public int Calls() => ++_calls;

    /// <summary>1, 2, 3 ... for each connection.</summary>
    public int Next()
    {
        var next = Context.Items.TryGetValue("next", out var last) ? (int)last! + 1 : 1;
        Context.Items["next"] = next;
        return next;
    }

    // -- gates and notes -------------------------------------------------------------------------

    public async Task<string> Wait(string gate, string tag)
    {
        await Clients.Caller.SendAsync("Entered", tag);
        await scratch.Gate(gate);
        return tag;
    }

    public void Open(string gate) => scratch.Open(gate);

    public Task<string> ReadNote(string key) => scratch.Read(key);

    public int NotesLeft(string key) => scratch.Left(key);

    public void NoteOnAbort(string key) => Context.ConnectionAborted.Register(() => scratch.Note(key, "aborted"));

    // -- context ---------------------------------------------------------------------------------

    public string GetConnectionId() => Context.ConnectionId;

    public string? GetUserId() => Context.UserIdentifier;

    public string? GetClaim(string type) => Context.User?.FindFirstValue(type);

    public string? GetQuery(string name) => Http.Request.Query[name];

    public string? GetHeader(string name) => Http.Request.Headers[name];

    public string? GetTransport() => Context.Features.Get<IHttpTransportFeature>()?.TransportType.ToString();

    public void Abort() => Context.Abort();

    /// <summary>The trace and the span that the invocation's headers name as its parent; null: none.</summary>
    public string? GetTraceParent() =>
        Activity.Current is { HasRemoteParent: true } activity ? $"{activity.TraceId}/{activity.ParentSpanId}" : null;

    public async IAsyncEnumerable<string> StreamTraceParent()
    {
        await Task.Yield();
        yield return GetTraceParent() ?? "none";
    }

    // -- sends -----------------------------------------------------------------------------------

    public Task SendCaller(string text) => Clients.Caller.SendAsync("Message", text);

    public Task SendNothing() => Clients.Caller.SendAsync("Nothing");

    public Task SendSample(Sample sample) => Clients.Caller.SendAsync("Sample", sample, 7, null);

    public Task SendAll(string text) => Clients.All.SendAsync("Message", text);

    public Task SendAllExcept(string[] ids, string text) => Clients.AllExcept(ids).SendAsync("Message", text);

    public Task SendOthers(string text) => Clients.Others.SendAsync("Message", text);

    public Task SendClient(string id, string text) => Clients.Client(id).SendAsync("Message", text);

    public Task SendClients(string[] ids, string text) => Clients.Clients(ids).SendAsync("Message", text);

    public Task SendGroup(string group, string text) => Clients.Group(group).SendAsync("Message", text);

    public Task SendGroups(string[] groups, string text) => Clients.Groups(groups).SendAsync("Message", text);

    public Task SendGroupExcept(string group, string[] ids, string text) =>
        Clients.GroupExcept(group, ids).SendAsync("Message", text);

    public Task SendOthersInGroup(string group, string text) =>
        Clients.OthersInGroup(group).SendAsync("Message", text);

    public Task SendUser(string user, string text) => Clients.User(user).SendAsync("Message", text);

    public Task SendUsers(string[] users, string text) => Clients.Users(users).SendAsync("Message", text);

    public Task SendOutside(string id, string text) => outside.Clients.Client(id).SendAsync("Message", text);

    public Task SendGroupOutside(string group, string text) => outside.Clients.Group(group).SendAsync("Message", text);

    public Task Join(string group) => Groups.AddToGroupAsync(Context.ConnectionId, group);

    public Task Leave(string group) => Groups.RemoveFromGroupAsync(Context.ConnectionId, group);

    public Task JoinOther(string id, string group) => Groups.AddToGroupAsync(id, group);

    public Task LeaveOther(string id, string group) => Groups.RemoveFromGroupAsync(id, group);

    /// <summary>`count` messages `Fill(index, text of this many x)`.</summary>
    public async Task Fill(int count, int length)
    {
        var text = new string('x', length);
        for (var i = 0; i < count; ++i)
        {
            await Clients.Caller.SendAsync("Fill", i, text);
        }
    }

    /// <summary>The same to another connection.</summary>
    public async Task FillOther(string id, int count, int length)
    {
        var text = new string('x', length);
        for (var i = 0; i < count; ++i)
        {
            await Clients.Client(id).SendAsync("Fill", i, text);
        }
    }

    // -- streams ---------------------------------------------------------------------------------

    public async IAsyncEnumerable<int> Count(int count)
    {
        for (var i = 0; i < count; ++i)
        {
            yield return i;
            await Task.Yield();
        }
    }

    public ChannelReader<int> CountChannel(int count) => Streams.Of(Enumerable.Range(0, count).ToArray());

    public async Task<ChannelReader<int>> CountTask(int count)
    {
        await Task.Yield();
        return CountChannel(count);
    }

    public async IAsyncEnumerable<int> CountThenThrow(int count, bool hubException)
    {
        await foreach (var i in Count(count))
        {
            yield return i;
        }
        throw hubException ? new HubException("stream failed") : new InvalidOperationException("stream failed");
    }

    public IAsyncEnumerable<int> StreamThrow(string text) => throw new InvalidOperationException(text);

    public ChannelReader<int>? StreamNull() => null;

    public ChannelReader<int> StreamEmpty() => Streams.Of<int>();

    /// <summary>One item, then nothing until cancelled; leaves the note "cancelled".</summary>
    public ChannelReader<string> Endless(string key, CancellationToken token)
    {
        var channel = Channel.CreateUnbounded<string>();
        channel.Writer.TryWrite("started");
        token.Register(() => scratch.Note(key, "cancelled"));
        return channel.Reader;
    }

    /// <summary>One item, then waits for the gate, one more item, end.</summary>
    public async IAsyncEnumerable<string> Gated(string gate)
    {
        yield return "before";
        await scratch.Gate(gate);
        yield return "after";
    }

    // -- uploads ---------------------------------------------------------------------------------

    public async Task<int> Sum(ChannelReader<int> items) => (await items.ReadAllAsync().ToListAsync()).Sum();

    public async Task<int> SumAsyncEnumerable(IAsyncEnumerable<int> items) => (await items.ToListAsync()).Sum();

    public async Task<string> Concat(ChannelReader<string> items) =>
        string.Concat(await items.ReadAllAsync().ToListAsync());

    public async Task<string> ConcatSamples(ChannelReader<Sample> items) =>
        string.Concat((await items.ReadAllAsync().ToListAsync()).Select(item => $"{item.Name}={item.Value};"));

    /// <summary>Arguments in front of, between and behind streams.</summary>
    public async Task<string> Mixed(string a, ChannelReader<int> ints, string b, ChannelReader<string> texts, string c) =>
        $"{a}{await Sum(ints)}{b}{await Concat(texts)}{c}";

    /// <summary>Reads nothing until the gate opens.</summary>
    public async Task<int> SumGated(string gate, ChannelReader<int> items)
    {
        await Clients.Caller.SendAsync("Entered", gate);
        await scratch.Gate(gate);
        return await Sum(items);
    }

    public void UploadVoid(ChannelReader<int> items)
    {
    }

    public async Task UploadNote(string key, ChannelReader<int> items)
    {
        try
        {
            scratch.Note(key, "sum " + await Sum(items));
        }
        catch (Exception e)
        {
            scratch.Note(key, Text(e));
            throw;
        }
    }

    public async IAsyncEnumerable<string> StreamEcho(ChannelReader<string> items)
    {
        await foreach (var item in items.ReadAllAsync())
        {
            yield return item;
        }
    }

    // -- client results --------------------------------------------------------------------------

    public Task<int> AskCaller() => Clients.Caller.InvokeAsync<int>("Result", CancellationToken.None);

    public Task<string> AskInt(string id) =>
        Tell(() => Clients.Client(id).InvokeAsync<int>("Result", CancellationToken.None));

    public Task<string> AskString(string id) =>
        Tell(() => Clients.Client(id).InvokeAsync<string>("Result", "question", CancellationToken.None));

    public Task<string> AskOutside(string id) =>
        Tell(() => outside.Clients.Client(id).InvokeAsync<int>("Result", CancellationToken.None));

    /// <summary>Gives up when the gate opens.</summary>
    public Task<string> AskUntil(string id, string gate) => Tell(async () =>
    {
        using var giveUp = new CancellationTokenSource();
        _ = scratch.Gate(gate).ContinueWith(_ => giveUp.Cancel(), TaskScheduler.Default);
        return await Clients.Client(id).InvokeAsync<int>("Result", giveUp.Token);
    });

    // -- authorization ---------------------------------------------------------------------------

    [Authorize]
    public string SignedInOnly() => "signed in";

    [Authorize(Policies.Admin)]
    public string AdminOnly() => "admin";

    [Authorize(Policies.SaysYes)]
    public string YesOnly(string word) => word;

    // --------------------------------------------------------------------------------------------

    private void Remember(string what)
    {
        if (Http.Request.Query["note"].ToString() is { Length: > 0 } key)
        {
            scratch.Note(key, what);
        }
    }

    private static async Task<string> Tell<T>(Func<Task<T>> ask)
    {
        try
        {
            return $"value {await ask()}";
        }
        catch (Exception e)
        {
            return Text(e);
        }
    }

    private static string Text(Exception? e) => e is null ? "null" : $"{e.GetType().Name}: {e.Message}";
}

// One type for each route: options and clients belong to a type.
public sealed class PlainHub(IHubContext<PlainHub> o, Scratch s) : ConformanceHub<PlainHub>(o, s);
public sealed class NoDetailHub(IHubContext<NoDetailHub> o, Scratch s) : ConformanceHub<NoDetailHub>(o, s);
public sealed class ShortHub(IHubContext<ShortHub> o, Scratch s) : ConformanceHub<ShortHub>(o, s);
public sealed class Parallel2Hub(IHubContext<Parallel2Hub> o, Scratch s) : ConformanceHub<Parallel2Hub>(o, s);
public sealed class StatefulHub(IHubContext<StatefulHub> o, Scratch s) : ConformanceHub<StatefulHub>(o, s);
public sealed class SmallHub(IHubContext<SmallHub> o, Scratch s) : ConformanceHub<SmallHub>(o, s);
public sealed class BroadcastHub(IHubContext<BroadcastHub> o, Scratch s) : ConformanceHub<BroadcastHub>(o, s);
public sealed class FilteredHub(IHubContext<FilteredHub> o, Scratch s) : ConformanceHub<FilteredHub>(o, s);

[Authorize(Policies.SignedIn)]
public sealed class AuthHub(IHubContext<AuthHub> o, Scratch s) : ConformanceHub<AuthHub>(o, s);

/// <summary>Writes its name around what it sees.</summary>
public sealed class NamedFilter(string name) : IHubFilter
{
    public async ValueTask<object?> InvokeMethodAsync(
        HubInvocationContext context, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        if (context.HubMethodArguments is [string word] && word == $"stop {name}")
        {
            throw new HubException($"stopped by {name}");
        }
        var result = await next(context);
        return result is string text ? $"{name}({text})" : result;
    }

    public async Task OnConnectedAsync(HubLifetimeContext context, Func<HubLifetimeContext, Task> next)
    {
        await context.Hub.Clients.Caller.SendAsync("Filter", name, "in");
        await next(context);
        await context.Hub.Clients.Caller.SendAsync("Filter", name, "out");
    }
}

/// <summary>The resource of a policy on a method is the invocation: its first argument has to be "yes".</summary>
public sealed class SaysYes : AuthorizationHandler<SaysYes, HubInvocationContext>, IAuthorizationRequirement
{
    protected override Task HandleRequirementAsync(
        AuthorizationHandlerContext context, SaysYes requirement, HubInvocationContext resource)
    {
        if (resource.HubMethodArguments is ["yes"])
        {
            context.Succeed(requirement);
        }
        return Task.CompletedTask;
    }
}
