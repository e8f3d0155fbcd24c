// Bearer tokens without the JwtBearer package: HS256, `exp`, and the claims that the hubs ask for.
using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace FunctionalTests;

/// <summary>Signs and reads the tokens of HUBS.md.</summary>
public sealed class TokenKey(string key)
{
    private readonly byte[] _key = Encoding.ASCII.GetBytes(key);

    public string Sign(string user, int seconds)
    {
        var claims = new Dictionary<string, object>
        {
            ["sub"] = user,
            ["iss"] = "SignalRTestServer",
            ["aud"] = "SignalRTests",
            ["exp"] = DateTimeOffset.UtcNow.AddSeconds(seconds).ToUnixTimeSeconds(),
        };
        var head = Base64Url.EncodeToString("""{"alg":"HS256","typ":"JWT"}"""u8);
        var body = Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims));
        var signature = Base64Url.EncodeToString(HMACSHA256.HashData(_key, Encoding.ASCII.GetBytes($"{head}.{body}")));
        return $"{head}.{body}.{signature}";
    }

    /// <summary>The claims of a good token that has not expired, else null.</summary>
    public JsonElement? Read(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3)
        {
            return null;
        }
        try
        {
            using var head = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]));
            if (head.RootElement.GetProperty("alg").GetString() != "HS256")
            {
                return null;
            }
            var expected = HMACSHA256.HashData(_key, Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"));
            if (!CryptographicOperations.FixedTimeEquals(expected, Base64Url.DecodeFromChars(parts[2])))
            {
                return null;
            }
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
            return Expires(claims.RootElement) > DateTimeOffset.UtcNow ? claims.RootElement.Clone() : null;
        }
        catch (Exception e) when (e is FormatException or JsonException or KeyNotFoundException)
        {
            return null;
        }
    }

    public static DateTimeOffset Expires(JsonElement claims) =>
        DateTimeOffset.FromUnixTimeSeconds(claims.GetProperty("exp").GetInt64());
}

/// <summary>Takes the token from the header, else from the query; 401 and 403 are the base class's.</summary>
public sealed class BearerHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, TokenKey key)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string Name = "Bearer";
    private const string Prefix = "Bearer ";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        var token = header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
            ? header[Prefix.Length..].Trim()
            : Request.Query["access_token"].ToString();
        if (token.Length == 0)
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }
        if (key.Read(token) is not { } claims)
        {
            return Task.FromResult(AuthenticateResult.Fail("The token is not good."));
        }
        var identity = new ClaimsIdentity(Name);
        foreach (var claim in claims.EnumerateObject())
        {
            var type = claim.Name switch
            {
                "sub" => ClaimTypes.NameIdentifier,
                "role" => ClaimTypes.Role,
                _ => claim.Name,
            };
            identity.AddClaim(new Claim(type, claim.Value.ToString()));
        }
        var properties = new AuthenticationProperties { ExpiresUtc = TokenKey.Expires(claims) };
        return Task.FromResult(AuthenticateResult.Success(
            new AuthenticationTicket(new ClaimsPrincipal(identity), properties, Name)));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = Name;
        return base.HandleChallengeAsync(properties);
    }
}
