using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Permissions;

internal static class ChangeResults
{
    public static IResult ToResult<T>(this ChangeOutcome<T> outcome, HttpResponse response, Func<T, IResult> done)
        where T : class
    {
        // PUT of what is there already, and POST of what is taken, where the caller asked to add something only.
        var addsOnly = EntityTags.Read(response.HttpContext.Request, out var precondition) is null && precondition.AsksForNothing;
        if (addsOnly && (outcome is { Failure: null, IsChanged: false } || outcome.Failure is ChangeFailure.Conflict))
        {
            return EntityTags.Mismatch("It is there already, and If-None-Match: * asks that nothing is there yet.");
        }

        if (outcome.Failure is { } failure)
        {
            return ToResult(failure, response.HttpContext);
        }

        var result = done(outcome.Value!);
        if (outcome.Version is { } version && result is not NoContent)
        {
            EntityTags.Write(response, version);
        }

        return result;
    }

    private static IResult ToResult(ChangeFailure failure, HttpContext context) => failure switch
    {
        ChangeFailure.StepUp stepUp => context.RequestServices.GetRequiredService<StepUpCheck>().Refuse(
            context, CallerIdentity.Of(context)!.Known.Identity, stepUp.Rule),
        ChangeFailure.Invalid invalid => TypedResults.ValidationProblem(invalid.Mistakes),
        ChangeFailure.Refused refused => Problem.Create(
            StatusCodes.Status403Forbidden, ProblemCode.GrantRefused, refused.Detail, ("missingPermissions", refused.Lacking)),
        ChangeFailure.LastSuperuser => Problem.Create(
            StatusCodes.Status409Conflict, ProblemCode.LastSuperuser, ChangeFailure.LastSuperuser.Detail),
        ChangeFailure.PreconditionFailed => EntityTags.Mismatch(),
        ChangeFailure.Conflict { Dependants: { } dependants } conflict => Problem.Create(
            StatusCodes.Status409Conflict, ProblemCode.Conflict, conflict.Detail, ("dependants", dependants)),
        ChangeFailure.Conflict conflict => Problem.Create(StatusCodes.Status409Conflict, ProblemCode.Conflict, conflict.Detail),
        _ => TypedResults.NotFound(),
    };
}
