// Bearer tokens of HUBS.md, checked by the genuine JwtBearer.
using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace FunctionalTests;

/// <summary>Signs the tokens of HUBS.md and sets up their check.</summary>
public sealed class TokenKey(string key)
{
    private readonly SymmetricSecurityKey _key = new(Encoding.ASCII.GetBytes(key));

    public string Sign(string user, int seconds) => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Claims = new Dictionary<string, object> { ["sub"] = user },
        Issuer = "SignalRTestServer",
        Audience = "SignalRTests",
        Expires = DateTime.UtcNow.AddSeconds(seconds),
        SigningCredentials = new SigningCredentials(_key, SecurityAlgorithms.HmacSha256),
    });

    public void Check(JwtBearerOptions options)
    {
        options.IncludeErrorDetails = false; // WWW-Authenticate is the name of the scheme
        options.TokenHandlers.Clear();
        options.TokenHandlers.Add(new JsonWebTokenHandler
        {
            MapInboundClaims = true,
            InboundClaimTypeMap = new Dictionary<string, string> { ["sub"] = ClaimTypes.NameIdentifier, ["role"] = ClaimTypes.Role },
        });
        options.TokenValidationParameters = new TokenValidationParameters
        {
            IssuerSigningKey = _key,
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            ValidateIssuer = false,
            ValidateAudience = false,
            ClockSkew = TimeSpan.Zero,
        };
        options.Events = new JwtBearerEvents
        {
            OnMessageReceived = context =>
            {
                if (string.IsNullOrEmpty(context.Request.Headers.Authorization))
                {
                    context.Token = context.Request.Query["access_token"];
                }
                return Task.CompletedTask;
            },
        };
    }
}
