// The reference of tests/conformance: ASP.NET Core SignalR with the routes and hubs of HUBS.md.
// Flags: --port N (0 takes any), --jwt-key TEXT, --redis URL (a backplane over it). Prints `ready http://127.0.0.1:PORT/`.
using System.Diagnostics;
using System.Security.Claims;
using FunctionalTests;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;

var builder = WebApplication.CreateBuilder(args);
var key = new TokenKey(builder.Configuration["jwt-key"] ?? "hubtrail conformance key, 32 bytes or more");
builder.WebHost.UseUrls($"http://127.0.0.1:{builder.Configuration["port"] ?? "0"}");
builder.Logging.SetMinimumLevel(
    builder.Configuration["verbose"] is null ? LogLevel.Critical : LogLevel.Trace);

var services = builder.Services;
services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(5));
services.AddSingleton<Scratch>();
services.AddSingleton<IUserIdProvider, HeaderUserIdProvider>();
services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(key.Check);
services.AddAuthorizationBuilder()
    .AddPolicy(Policies.SignedIn, policy => policy.RequireClaim(ClaimTypes.NameIdentifier))
    .AddPolicy(Policies.Admin, policy => policy.RequireRole("admin"))
    .AddPolicy(Policies.SaysYes, policy => policy.AddRequirements(new SaysYes()));
services.AddSingleton<Microsoft.AspNetCore.Authorization.IAuthorizationHandler, SaysYes>();
services.AddConnections();
var signalR = services.AddSignalR(options => options.EnableDetailedErrors = true)
    .AddJsonProtocol(options => options.PayloadSerializerOptions.PropertyNamingPolicy = null)
    .AddMessagePackProtocol()
    .AddHubOptions<StreamBufferHub>(options => options.StreamBufferCapacity = 1)
    .AddHubOptions<NoDetailHub>(options => options.EnableDetailedErrors = false)
    .AddHubOptions<Parallel2Hub>(options => options.MaximumParallelInvocationsPerClient = 2)
    .AddHubOptions<SmallHub>(options => options.MaximumReceiveMessageSize = 1000)
    .AddHubOptions<ShortHub>(options =>
    {
        options.HandshakeTimeout = TimeSpan.FromSeconds(2);
        options.KeepAliveInterval = TimeSpan.FromSeconds(1);
        options.ClientTimeoutInterval = TimeSpan.FromSeconds(3);
    })
    .AddHubOptions<FilteredHub>(options =>
    {
        options.AddFilter(new NamedFilter("a"));
        options.AddFilter(new NamedFilter("b"));
    });
if (builder.Configuration["redis"] is { Length: > 0 } redis)
{
    signalR.AddStackExchangeRedis(new Uri(redis).Authority);
}

// What makes the hubs' own activities be there at all.
using var listener = new ActivityListener
{
    ShouldListenTo = source => source.Name == "Microsoft.AspNetCore.SignalR.Server",
    Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
};
ActivitySource.AddActivityListener(listener);

var app = builder.Build();
var redirects = 0;

// Any origin with credentials: this serves tests on other ports, and nothing else.
app.Use((context, next) =>
{
    var (request, response) = (context.Request.Headers, context.Response.Headers);
    if (request.Origin is { Count: > 0 } origin)
    {
        response.AccessControlAllowOrigin = origin;
        response.AccessControlAllowCredentials = "true";
        response.AccessControlAllowMethods = request.AccessControlRequestMethod;
        response.AccessControlAllowHeaders = request.AccessControlRequestHeaders;
    }
    if (HttpMethods.IsOptions(context.Request.Method))
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }
    return next(context);
});

app.Use((context, next) =>
{
    var request = context.Request;
    if (request.Path.StartsWithSegments("/echoredirect", out var rest))
    {
        context.Response.Redirect($"/echo{rest}{request.QueryString}", permanent: false, preserveMethod: true);
        return Task.CompletedTask;
    }
    if (request.Path.StartsWithSegments("/redirect"))
    {
        return request.Query["baseUrl"].ToString() is { Length: > 0 } target
            ? context.Response.WriteAsync(
                $$"""{ "url": "{{target}}/testHub?numRedirects={{Interlocked.Increment(ref redirects)}}" }""")
            : context.Response.WriteAsJsonAsync(new
            {
                url = $"{request.Scheme}://{request.Host}/authorizedHub",
                accessToken = key.Sign("testuser", 5),
            });
    }
    if (request.Path.Value!.Contains("/negotiate", StringComparison.Ordinal))
    {
        var cookies = context.Response.Cookies;
        var secure = request.Headers["X-Forwarded-Proto"] == "https";
        cookies.Append("testCookie", "testValue", Cookie(secure));
        cookies.Append("testCookie2", "testValue2", Cookie(secure));
        cookies.Append("expiredCookie", "doesntmatter", Cookie(secure, DateTimeOffset.Now.AddHours(-1)));
    }
    if (request.Path.StartsWithSegments("/bad-negotiate"))
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        return context.Response.WriteAsync("Some response from server");
    }
    return next(context);
});

app.UseRouting();
app.UseAuthentication();
app.UseAuthorization();

const HttpTransportType NoWebSockets = HttpTransportType.ServerSentEvents | HttpTransportType.LongPolling;

app.MapHub<TestHub>("/testhub");
app.MapHub<TestHub>("/testhub-nowebsockets", options => options.Transports = NoWebSockets);
app.MapHub<DefaultHub>("/default");
app.MapHub<DefaultHub>("/dynamic");
app.MapHub<DefaultHub>("/hubT");
app.MapHub<DefaultHub>("/default-nowebsockets", options => options.Transports = NoWebSockets);
app.MapHub<StreamBufferHub>("/stream");
app.MapHub<VersionHub>("/version");
app.MapHub<VersionHub>("/negotiateProtocolVersion12", options => options.MinimumProtocolVersion = 12);
app.MapHub<VersionHub>("/negotiateProtocolVersionNegative", options => options.MinimumProtocolVersion = -1);
app.MapHub<UncreatableHub>("/uncreatable");
app.MapHub<HubWithAuthorization>("/authorizedhub");
app.MapHub<HubWithAuthorization2>("/authorizedhub2").RequireAuthorization(Policies.SignedIn);
app.MapConnectionHandler<EchoConnectionHandler>("/echo");
app.MapGet("/generateJwtToken", () => key.Sign("testuser", 5));
app.MapGet("/deployment", () => Results.Json(new { CommitHash = "" }));
app.MapGet("/clientresult/{id}", async (string id, IHubContext<TestHub> hub, CancellationToken stop) =>
{
    try
    {
        return (await hub.Clients.Client(id).InvokeAsync<int>("Result", stop)).ToString();
    }
    catch (Exception e)
    {
        return e.Message;
    }
});

app.MapHub<PlainHub>("/conformance");
app.MapHub<NoDetailHub>("/nodetail");
app.MapHub<Parallel2Hub>("/parallel2");
app.MapHub<SmallHub>("/small");
app.MapHub<BroadcastHub>("/broadcast");
app.MapHub<FilteredHub>("/filters");
app.MapHub<StatefulHub>("/stateful", options => options.AllowStatefulReconnects = true);
app.MapHub<ShortHub>("/short", options =>
{
    options.LongPolling.PollTimeout = TimeSpan.FromSeconds(2);
    options.TransportSendTimeout = TimeSpan.FromSeconds(2);
    options.WebSockets.CloseTimeout = TimeSpan.FromSeconds(2);
});
app.MapHub<AuthHub>("/auth");
app.MapHub<AuthHub>("/closeonexpiry", options => options.CloseOnAuthenticationExpiration = true);
app.MapHub<PlainHub>("/websockets-only", options => options.Transports = HttpTransportType.WebSockets);
app.MapHub<PlainHub>("/sse-only", options => options.Transports = HttpTransportType.ServerSentEvents);
app.MapHub<PlainHub>("/longpolling-only", options => options.Transports = HttpTransportType.LongPolling);
app.MapHub<PlainHub>("/minimum1", options => options.MinimumProtocolVersion = 1);

await app.StartAsync();
Console.WriteLine($"ready {app.Urls.First()}/");
await app.WaitForShutdownAsync();

// A browser that comes through a proxy with TLS, from a page of another site, keeps only those that say that they are
// for that.
static CookieOptions Cookie(bool secure, DateTimeOffset? expires = null)
{
    var options = new CookieOptions { Expires = expires };
    if (secure)
    {
        options.Secure = true;
        options.SameSite = SameSiteMode.None;
        options.Extensions.Add("partitioned");
    }
    return options;
}

internal static class Policies
{
    public const string SignedIn = "signed-in";
    public const string Admin = "admin";
    public const string SaysYes = "says-yes";
}

/// <summary>The user is whoever the header says, else the token's subject. For tests only.</summary>
internal sealed class HeaderUserIdProvider : IUserIdProvider
{
    public string? GetUserId(HubConnectionContext connection) =>
        connection.GetHttpContext()?.Request.Headers["Super-Insecure-UserName"].ToString() is { Length: > 0 } name
            ? name
            : connection.User.FindFirstValue(ClaimTypes.NameIdentifier);
}
