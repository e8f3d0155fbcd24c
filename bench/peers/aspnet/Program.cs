// The reference server that Hubtrail is measured against: ASP.NET Core SignalR as its makers set it
// up, with MessagePack and the methods of the bench hub. Only logging is turned down.
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.SignalR;

var builder = WebApplication.CreateBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddSignalR().AddMessagePackProtocol();
builder.Services.AddSingleton<IUserIdProvider, QueryUserIdProvider>();

var app = builder.Build();

// With a key (base64url, 32 bytes or more) every request needs a bearer token signed with it, so that
// connecting costs what it costs a server that checks. This is the least that a check can do.
if (Environment.GetEnvironmentVariable("BENCH_HS256_KEY") is { Length: > 0 } key)
{
    var tokens = new TokenCheck(Base64Url.DecodeFromChars(key));
    app.Use((context, next) =>
    {
        if (tokens.Accepts(context.Request.Headers.Authorization.ToString()))
        {
            return next(context);
        }
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        return Task.CompletedTask;
    });
}

app.MapHub<BenchHub>("/bench", options => options.AllowStatefulReconnects = true);
// What another part of a program does that has something to tell: by the hub's context.
app.MapPost("/send", async (HttpRequest request, IHubContext<BenchHub> hub) =>
{
    using var body = new StreamReader(request.Body);
    await hub.Clients.All.SendAsync("m", await body.ReadToEndAsync());
    return Results.Json(new { sent = true });
});
await app.StartAsync();
Console.WriteLine($"ready {app.Urls.First()}/");
await app.WaitForShutdownAsync();

internal sealed class BenchHub : Hub
{
    // Query item `group`: the groups that the connection is in, with commas.
    public override async Task OnConnectedAsync()
    {
        var groups = Context.GetHttpContext()!.Request.Query["group"].ToString();
        foreach (var group in groups.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            await Groups.AddToGroupAsync(Context.ConnectionId, group);
        }
    }

    public string Echo(string text) => text;

    public async IAsyncEnumerable<int> Count(int items)
    {
        for (var i = 0; i < items; ++i)
        {
            yield return i;
        }
        await Task.CompletedTask;
    }

    // The messages `first` to `first + count - 1`. The caller begins the next round when this one has
    // arrived everywhere: rounds back to back run into one large write here.
    public Task Round(long first, int count, int bytes)
    {
        var sends = new Task[count];
        for (var i = 0; i < count; ++i)
        {
            sends[i] = Clients.All.SendAsync("m", $"{first + i}:".PadRight(bytes, 'x'));
        }
        return Task.WhenAll(sends);
    }

    public async Task ToGroup(string group, int rounds)
    {
        for (var i = 0; i < rounds; ++i)
        {
            await Clients.Group(group).SendAsync("m", $"{i}:");
            await Task.Yield();
        }
    }

    public async Task ToUser(string user, int rounds)
    {
        for (var i = 0; i < rounds; ++i)
        {
            await Clients.User(user).SendAsync("m", $"{i}:");
            await Task.Yield();
        }
    }
}

internal sealed class QueryUserIdProvider : IUserIdProvider
{
    public string? GetUserId(HubConnectionContext connection) =>
        connection.GetHttpContext()?.Request.Query["user"];
}

/// <summary>HS256 and exp by hand: header, signature, claims.</summary>
internal sealed class TokenCheck(byte[] key)
{
    private const string Scheme = "Bearer ";

    public bool Accepts(string header)
    {
        var parts = header.StartsWith(Scheme, StringComparison.Ordinal) ? header[Scheme.Length..].Split('.') : [];
        if (parts.Length != 3)
        {
            return false;
        }
        try
        {
            using var head = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]));
            if (head.RootElement.GetProperty("alg").GetString() != "HS256")
            {
                return false;
            }
            var signed = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
            var expected = HMACSHA256.HashData(key, signed);
            if (!CryptographicOperations.FixedTimeEquals(expected, Base64Url.DecodeFromChars(parts[2])))
            {
                return false;
            }
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
            return claims.RootElement.GetProperty("exp").GetInt64() > DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        }
        catch (Exception e) when (e is FormatException or JsonException or KeyNotFoundException)
        {
            return false;
        }
    }
}
