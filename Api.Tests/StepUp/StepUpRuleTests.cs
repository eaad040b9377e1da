using System.Collections.Immutable;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.StepUp;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Api.Tests.StepUp;

/// <summary>What a sign-in must be like to satisfy a rule: the truth table.</summary>
public sealed class StepUpRuleTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    [Theory]
    [InlineData("gold", "gold", StepUpLack.None)]
    [InlineData("silver gold", "gold", StepUpLack.None)]
    [InlineData("gold", "silver", StepUpLack.Level)]
    [InlineData("gold", "Gold", StepUpLack.Level)]
    [InlineData("gold", "gold ", StepUpLack.Level)]
    [InlineData("gold", "silver gold", StepUpLack.Level)]
    [InlineData("gold", null, StepUpLack.Level)]
    [InlineData("1", "0", StepUpLack.Level)]
    internal void A_level_is_one_of_those_that_are_asked_for(string asked, string? acr, StepUpLack lack) =>
        Assert.Equal(lack, new StepUpRule(asked.Split(' '), MaxAge: null).FindLack(Identity(acr, at: null), Now));

    [Theory]
    [InlineData(0, StepUpLack.None)]
    [InlineData(300, StepUpLack.None)]
    [InlineData(310, StepUpLack.None)]
    [InlineData(311, StepUpLack.Age)]
    [InlineData(-60, StepUpLack.None)]
    [InlineData(-61, StepUpLack.Age)]
    [InlineData(null, StepUpLack.Age)]
    internal void A_sign_in_is_recent_enough_and_not_in_the_future(int? secondsAgo, StepUpLack lack) => Assert.Equal(
        lack,
        new StepUpRule([], TimeSpan.FromMinutes(5)).FindLack(
            Identity("1", secondsAgo is { } seconds ? Now.AddSeconds(-seconds) : null), Now));

    [Fact]
    public void Both_are_needed_where_both_are_asked_for()
    {
        var rule = new StepUpRule(["gold"], TimeSpan.FromMinutes(5));

        Assert.Equal(StepUpLack.None, rule.FindLack(Identity("gold", Now), Now));
        Assert.Equal(StepUpLack.Age, rule.FindLack(Identity("gold", Now.AddHours(-1)), Now));
        Assert.Equal(StepUpLack.Level, rule.FindLack(Identity("silver", Now), Now));
    }

    [Theory]
    [InlineData("""{"acr":"gold","auth_time":1800000000}""", "gold", 1_800_000_000L)]
    [InlineData("""{"acr":["gold"],"auth_time":[1800000000]}""", null, null)]
    [InlineData("""{"acr":["gold","silver"],"auth_time":[1,2]}""", null, null)]
    [InlineData("""{"acr":1,"auth_time":"1800000000"}""", null, null)]
    [InlineData("""{"acr":{"level":"gold"},"auth_time":{"at":1}}""", null, null)]
    [InlineData("""{"acr":true,"auth_time":true}""", null, null)]
    [InlineData("""{"acr":null,"auth_time":null}""", null, null)]
    [InlineData("""{"acr":"","auth_time":1800000000.5}""", null, null)]
    [InlineData("""{"acr":"gold","auth_time":-1}""", "gold", null)]
    [InlineData("""{"acr":"gold","auth_time":9000000000000000000}""", "gold", null)]
    [InlineData("{}", null, null)]
    public void What_is_malformed_counts_as_missing_in_a_session(string members, string? acr, long? authTime)
    {
        var token = new JsonWebToken("""{"alg":"none"}""", $$"""{"iss":"i","sub":"s","azp":"c",{{members[1..]}}""".Replace(",}", "}"));
        var identity = KeycloakIdentity.Read(SessionClaims.Keep(token.Claims, token, accessToken: null), out _)!;

        Assert.Equal(acr, identity.Acr);
        Assert.Equal(authTime, identity.AuthenticatedAt?.ToUnixTimeSeconds());
    }

    [Theory]
    [InlineData("gold", null, true)]
    [InlineData("urn:mace:incommon:iap:silver", null, true)]
    [InlineData("", null, false)]
    [InlineData("two levels", null, false)]
    [InlineData("\"", null, false)]
    [InlineData("\\", null, false)]
    [InlineData("größer", null, false)]
    [InlineData(null, "00:01:00", true)]
    [InlineData(null, "00:00:59", false)]
    [InlineData(null, "1.00:00:01", false)]
    public void A_rule_that_no_realm_could_be_asked_for_is_a_mistake(string? acr, string? age, bool isRight)
    {
        var rule = new StepUpRule(acr is null ? [] : [acr], age is null ? null : TimeSpan.Parse(age));

        Assert.Equal(isRight, rule.FindMistake() is null);
    }

    private static KeycloakIdentity Identity(string? acr, DateTimeOffset? at) => new()
    {
        Issuer = "issuer",
        Subject = "subject",
        Kind = AccountKind.Person,
        ClientId = "client",
        Roles = ImmutableHashSet<KeycloakRole>.Empty,
        HasRoleClaims = true,
        IssuedAt = Now,
        IsSession = false,
        Scopes = [],
        Acr = acr,
        AuthenticatedAt = at,
    };
}
